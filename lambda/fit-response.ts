import type { Report, ReportedIncident } from '../shared/contract/report.ts';

/** Lambda fails an invocation whose response is over 6 MB, although the run is complete. */
const RESPONSE_BYTES = 6_000_000;

/** Lengths of shortened lists. */
const SHORT = 3;
const OBSERVERS = 20;
const INCIDENTS = 1000;

/** Each keeps less of a report than the one before; what the pages carry goes first. */
const REDUCTIONS: readonly ((report: Report) => Report)[] = [
  (report) => report,
  (report) => shortened(report, (incident) => withEntries(incident, SHORT)),
  (report) =>
    shortened(report, (incident) => ({
      ...withEntries(incident, 0),
      observers: incident.observers.slice(0, OBSERVERS),
    })),
  (report) =>
    shortened({ ...report, incidents: report.incidents.slice(0, INCIDENTS) }, (incident) => ({
      ...withEntries(incident, 0),
      observers: incident.observers.slice(0, OBSERVERS),
    })),
];

/** The report, or as much of it as fits a response, with a problem that reports the reduction. */
export function fitResponse(report: Report): Report {
  const fitting = REDUCTIONS.map((reduce) => reduce(report)).find(
    (less) => sizeOf(less) <= RESPONSE_BYTES,
  );
  if (fitting === report) return report;
  const message =
    `the report has ${sizeOf(report)} bytes, and a response ${RESPONSE_BYTES}: ` +
    'the entries, evidence and observers of its incidents are shortened';
  const { incidents, problems, ...rest } = fitting ?? { ...report, incidents: [], problems: [] };
  return { ...rest, incidents, problems: [...problems, { where: 'report', message }] };
}

function shortened(
  report: Report,
  shorten: (incident: ReportedIncident) => ReportedIncident,
): Report {
  return { ...report, incidents: report.incidents.map(shorten) };
}

function withEntries(incident: ReportedIncident, most: number): ReportedIncident {
  return {
    ...incident,
    entries: incident.entries.slice(0, most),
    evidence: incident.evidence.slice(0, most),
    fix: incident.fix.slice(0, most),
  };
}

function sizeOf(report: Report): number {
  return Buffer.byteLength(JSON.stringify(report));
}
