import type { Report, ReportedIncident } from '../shared/contract/report.ts';

/** What Lambda takes as a response is 6 MB: with more the invocation fails, though all is done. */
const RESPONSE_BYTES = 6_000_000;

/** What is left of lists that are shortened. */
const SHORT = 3;
const OBSERVERS = 20;
const INCIDENTS = 1000;

/** Ever less of a report; what goes first is what its incidents' pages have told. */
const WAYS: readonly ((report: Report) => Report)[] = [
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

/** The report, or as much of it as fits a response, with a problem that says so. */
export function fitResponse(report: Report): Report {
  const fitting = WAYS.map((way) => way(report)).find((less) => sizeOf(less) <= RESPONSE_BYTES);
  if (fitting === report) return report;
  const message =
    `the report has ${sizeOf(report)} bytes, and a response ${RESPONSE_BYTES}: ` +
    'entries, evidence and observers of its incidents are shortened';
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
    mend: incident.mend.slice(0, most),
  };
}

function sizeOf(report: Report): number {
  return Buffer.byteLength(JSON.stringify(report));
}
