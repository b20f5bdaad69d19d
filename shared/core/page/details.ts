import type { ReportedIncident, Site } from '../../contract/report.ts';
import type { PageDetails } from '../../contract/webhook.ts';

/** How many nodes the data of a page names, and how many hosts of each step: a page may wait in a table. */
const NODES = 20;
const HOSTS = 50;

/** The incident as data, for programs that get pages. */
export function detailsOf(
  { scope, cause, subject, subjects, observers, fix, ...incident }: ReportedIncident,
  { runbook, site }: { readonly runbook: string; readonly site: Site | undefined },
): PageDetails {
  const victims = subject === undefined ? (subjects ?? observers) : [subject];
  return {
    scope,
    cause,
    victims: victims.slice(0, NODES),
    observers: observers.slice(0, NODES),
    missing: incident.missingPeers,
    checked: incident.checkedPeers,
    since: incident.since,
    fix: fix.map((step) => ({ ...step, hosts: step.hosts.slice(0, HOSTS) })),
    ...(site === undefined ? {} : { account: site.account, region: site.region }),
    links: { runbook },
  };
}
