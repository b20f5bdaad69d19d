import type { Report } from '../../shared/contract/report.ts';

/** What a report comes to, without addresses, and with names as `nameOf` has them. */
export function outlineOf(report: Report, nameOf: (node: string) => string): object {
  const { verdict, overlay, checked, hosts, incidents } = report;
  const named = (nodes: readonly string[]): readonly string[] => nodes.map(nameOf).toSorted();
  return {
    verdict,
    overlay,
    pairs: checked?.pairs,
    observed: named(hosts.observed),
    unknown: named(hosts.unknown),
    incidents: incidents
      .map((incident) => ({
        cause: incident.cause,
        otherCauses: incident.otherCauses.toSorted(),
        scope: incident.scope,
        severity: incident.severity,
        subjects: named(
          incident.subjects ?? (incident.subject === undefined ? [] : [incident.subject]),
        ),
        observers: named(incident.observers),
        checkedPeers: incident.checkedPeers,
        missingPeers: incident.missingPeers,
        entries: incident.entries.length,
      }))
      .toSorted((one, two) => (JSON.stringify(one) < JSON.stringify(two) ? -1 : 1)),
  };
}
