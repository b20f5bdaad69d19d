import { CAUSES } from '../../shared/contract/causes.ts';
import type { Report, ReportedIncident } from '../../shared/contract/report.ts';
import { usage } from '../failure.ts';
import { closest } from '../closest.ts';

/** What a reader wants to see of a report. */
interface Filter {
  readonly node?: string | undefined;
  readonly cause?: string | undefined;
}

/**
 * A report with the incidents, latencies and problems that concern a node or a cause. What stands for the whole
 * cluster stays: the verdict, and what was checked. Throws where there is no such cause or node.
 */
export function filtered(report: Report, { node, cause }: Filter): Report {
  if (cause !== undefined && !CAUSES.some((one) => one === cause)) {
    throw usage(`there is no cause ${JSON.stringify(cause)}${meant(cause, CAUSES)}`);
  }
  const { hosts, incidents } = report;
  const named = [...hosts.observed, ...hosts.unknown];
  if (node !== undefined && !named.includes(node) && !incidents.some((one) => isOf(one, node))) {
    throw usage(`there is no node ${JSON.stringify(node)} in this report${meant(node, named)}`);
  }
  return {
    ...report,
    incidents: incidents.filter(
      (one) =>
        (node === undefined || isOf(one, node)) &&
        (cause === undefined || one.cause === cause || one.otherCauses.some((id) => id === cause)),
    ),
    latencies: report.latencies.filter((one) => node === undefined || one.node === node),
    problems: report.problems.filter(
      ({ where, message }) =>
        node === undefined || where.split('/')[0] === node || message.includes(node),
    ),
  };
}

/** `; did you mean node1?`, where something is close. */
function meant(word: string, among: readonly string[]): string {
  const close = closest(word, among);
  return close === undefined ? '' : `; did you mean ${close}?`;
}

function isOf({ subject, subjects = [], observers }: ReportedIncident, node: string): boolean {
  return subject === node || subjects.includes(node) || observers.includes(node);
}
