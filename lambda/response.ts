import type { Problem, Report } from '../shared/contract/report.ts';

/**
 * What Lambda returns of a function; beyond it, a run that has done all its work counts as failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const RESPONSE_BYTES = 6 * 1024 * 1024;

/** What an incident and the report keep, where the whole does not fit. */
const OBSERVERS = 100;
const PROBLEMS = 1000;

/** The report, or as much of it as can be returned: it says what is left out. */
export function returnable(report: Report): Report {
  if (fits(report)) return report;
  const short = {
    ...report,
    incidents: report.incidents.map((incident) => ({
      ...incident,
      observers: incident.observers.slice(0, OBSERVERS),
    })),
    problems: report.problems.slice(0, PROBLEMS),
  };
  let shown = report.incidents.length;
  for (;;) {
    const incidents = short.incidents.slice(0, shown);
    const cut = { ...short, incidents, problems: [...short.problems, leftOut(report, shown)] };
    if (fits(cut) || shown === 0) return cut;
    shown = Math.floor(shown / 2);
  }
}

function leftOut({ cluster, incidents }: Report, shown: number): Problem {
  const message =
    `the whole report is more than Lambda returns: it shows ${shown} of ${incidents.length} incidents, ` +
    `of each at most ${OBSERVERS} observers, and the first ${PROBLEMS} problems`;
  return { where: cluster, message };
}

function fits(report: Report): boolean {
  // Lambda writes the document by the same function.
  return Buffer.byteLength(JSON.stringify(report)) <= RESPONSE_BYTES;
}
