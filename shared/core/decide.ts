import type { Report } from '../contract/report.ts';
import type { Confirmed } from './confirm.ts';
import type { Facts, RosterEntry } from './facts.ts';
import { advance, type Announcement, isDue } from './incident/advance.ts';
import type { Incident } from './incident/incident.ts';
import { matchIncidents } from './incident/match.ts';
import type { Finding } from './diagnose/finding.ts';
import type { Judgement } from './judge.ts';
import { type Page, pageOf } from './page/page.ts';
import { reportIncident } from './report/incident-report.ts';
import { reportOf } from './report/report.ts';
import { nextRoster } from './roster.ts';

/** All that a run does to the world, as data. */
export interface Decision {
  readonly incidents: readonly Incident[];
  readonly roster: readonly RosterEntry[];
  readonly announcements: readonly Announcement[];
  readonly pages: readonly Page[];
  readonly report: Report;
}

/** The findings for which a page would go out now: a second look comes before every page. */
export function dueForSecondLook(
  facts: Facts,
  judgement: Judgement,
  incidents: readonly Incident[],
): readonly Finding[] {
  return matchIncidents(incidents, judgement.findings, judgement.matrix)
    .filter((match) => isDue(match, facts.now, facts.limits))
    .map(({ finding }) => finding);
}

/** Turns what was judged, and what is remembered, into what is to be done. */
export function decide(
  facts: Facts,
  { judgement, confirms }: Confirmed,
  incidents: readonly Incident[],
): Decision {
  const { cluster, now, limits, runbook } = facts;
  const advanced = advance(incidents, judgement.findings, {
    cluster,
    now,
    limits,
    matrix: judgement.matrix,
    confirmed: confirms,
    tell: (finding, standing) => reportIncident(finding, standing, { judgement, facts }),
  });
  return {
    incidents: advanced.incidents,
    roster: nextRoster(facts, judgement),
    announcements: advanced.announcements,
    pages: advanced.announcements.flatMap(({ kind, pages, incident }) =>
      pages && kind !== 'updated' ? [pageOf({ kind, incident }, { cluster, now, runbook })] : [],
    ),
    report: reportOf(facts, judgement, advanced.told),
  };
}
