import type { ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import { enumerate, printable } from '../plain-text.ts';
import { ENTRIES_PER_INCIDENT } from '../report/incident-report.ts';

/** How much of each a page shows; the report has it all. */
const EVIDENCE = 12;
const ENTRIES = 3;
/** Of a host that has lost everything, one entry stands for all. */
const ROW_ENTRIES = 1;
/** Nodes beside each entry. */
const ENTRY_NAMES = 8;

/** One line a fact: what should be there and what is, then what else was seen. */
export function evidenceLines(incident: ReportedIncident): readonly string[] {
  const isAtSubject =
    CAUSE_RULES[incident.cause].fix.at === 'subject' && !isKind(incident.cause, 'node');
  const found = new Set(incident.entries.map((entry) => entry.found));
  const others = incident.evidence
    // What the second look printed stands with the entries already.
    .filter((line) => ![...found].some((text) => text !== '' && line.endsWith(`: ${text}`)))
    .slice(0, EVIDENCE)
    .map(printable);
  return [
    ...(isAtSubject ? deviceLines(incident) : entryLines(incident)),
    ...familyLines(incident),
    ...others,
  ];
}

/** What should be there, once; and what was found, grouped by what it is. */
function entryLines(incident: ReportedIncident): readonly string[] {
  const { entries, cause } = incident;
  if (isKind(cause, 'device')) return [];
  const most = isKind(cause, 'cell') ? ENTRIES : ROW_ENTRIES;
  const isCut = isCutShort(incident);
  const alike = [...groupBy(entries, ({ expected }) => expected)];
  const shown = alike
    .slice(0, most)
    .flatMap(([expected, some]) => [
      `expected  ${printable(expected)}`,
      ...[...groupBy(some, (entry) => entry.found)].map(
        ([found, these]) =>
          `found     ${found === '' ? 'nothing' : printable(found)}, on ${observersOf(these, isCut)}`,
      ),
    ]);
  const hidden = alike.length - most;
  const count = isCut ? 'more' : `${hidden} more`;
  return hidden > 0 ? [...shown, `and ${count} like these`] : shown;
}

/** Where the subject's device is at fault: `master1's flannel.1 has MAC b2:…; its annotation …`. */
function deviceLines({ subject, subjects = [], entries }: ReportedIncident): readonly string[] {
  // Where all nodes have drifted, the incident names none of them.
  const accused = subject === undefined ? subjects : [subject];
  const macs = entries
    .filter((entry) => accused.length === 0 || accused.includes(entry.subject))
    .flatMap((entry) => {
      const [own, held] = [macIn(entry.expected), macIn(entry.found)];
      return own === undefined || held === undefined || entry.table !== 'neighbour'
        ? []
        : [
            `${printable(entry.subject)}'s ${printable(entry.device)} has MAC ${own}; ` +
              `its annotation and the other nodes have ${held}`,
          ];
    });
  return [...new Set(macs)].slice(0, ENTRIES);
}

function macIn(text: string): string | undefined {
  return /\blladdr ([0-9a-f:]{17})\b/.exec(text)?.[1];
}

function familyLines({ entries }: ReportedIncident): readonly string[] {
  const isIpv6 = entries.length > 0 && entries.every(({ family }) => family === 'ipv6');
  return isIpv6 ? ['only IPv6 is affected; IPv4 between these nodes is ok'] : [];
}

/** Whether entries are left out: of a report, or of what is kept from run to run. */
function isCutShort({ entries, phase, scope, missingPeers }: ReportedIncident): boolean {
  if (entries.length >= ENTRIES_PER_INCIDENT[phase]) return true;
  switch (scope) {
    case 'pair':
    case 'subject':
      return new Set(entries.map(({ observer }) => observer)).size < missingPeers;
    case 'observer':
      return new Set(entries.map(({ subject }) => subject)).size < missingPeers;
    case 'group':
    case 'cluster':
      return false;
  }
}

function observersOf(entries: readonly ReportedEntry[], isCut: boolean): string {
  const names = [...new Set(entries.map(({ observer }) => printable(observer)))];
  if (!isCut) return enumerate(names, ENTRY_NAMES);
  return `${names.slice(0, ENTRY_NAMES).join(', ')} and perhaps others`;
}
