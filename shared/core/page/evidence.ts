import type { ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import { enumerate, printable } from '../plain-text.ts';
import { ENTRIES_PER_INCIDENT, EVIDENCE_NAMES } from '../report/incident-report.ts';
import { FAMILY_NAMES } from './subject.ts';

/** How much of each a page shows; the report has it all. */
const EVIDENCE = 12;
const ENTRIES = 3;
/** Nodes beside each entry, and beside one of which more may be wrong. */
const ENTRY_NAMES = 8;
const CUT_NAMES = 3;

/** One line a fact: what should be there and what is, then what else was seen. */
export function evidenceLines(incident: ReportedIncident): readonly string[] {
  const isAtSubject =
    CAUSE_RULES[incident.cause].fix.at === 'subject' && !isKind(incident.cause, 'node');
  const found = new Set(incident.entries.map((entry) => entry.found));
  const others = inOneLine(incident.evidence)
    // What the second look printed stands with the entries already.
    .filter((line) => ![...found].some((text) => text !== '' && line.endsWith(`: ${text}`)))
    .filter((line) => !isInHeadline(line, incident))
    .slice(0, EVIDENCE)
    .map((line) => printable(withoutNames(line, incident)));
  return [
    ...(isAtSubject ? deviceLines(incident) : entryLines(incident)),
    ...familyLines(incident),
    ...others,
  ];
}

/** Lines about several API servers that differ in the server alone are one line. */
function inOneLine(lines: readonly string[]): readonly string[] {
  const parts = lines.map((line) => {
    const [, before = '', node, after = line] =
      /^()([^\s:]+)(: (?:kubectl|\/|no answer).*)$/.exec(line) ??
      /^(before that, .* on )(\S+)( \(.*)$/.exec(line) ??
      [];
    return { before, node, after };
  });
  return [...groupBy(parts, ({ before, after }) => `${before}\0${after}`).values()].flatMap(
    (alike) => {
      const [first] = alike;
      const nodes = alike.flatMap(({ node }) => node ?? []);
      return first === undefined
        ? []
        : [`${first.before}${enumerate([...new Set(nodes)], EVIDENCE_NAMES)}${first.after}`];
    },
  );
}

/** The first lines of a page say how long a single master took, and what it took before. */
function isInHeadline(line: string, { cause, subject }: ReportedIncident): boolean {
  if (CAUSE_RULES[cause].harm !== 'late-answers' || subject === undefined) return false;
  return ['before that, kubectl get nodes took ', `${subject}: kubectl get nodes took `].some(
    (beginning) => line.startsWith(beginning),
  );
}

/** Nodes that the first lines of the page name are not named again. */
function withoutNames(line: string, { observers }: ReportedIncident): string {
  const named = `${enumerate(observers, EVIDENCE_NAMES)} hold: `;
  return observers.length > 2 && line.startsWith(named)
    ? `all ${observers.length} nodes hold: ${line.slice(named.length)}`
    : line;
}

/** What should be there, once; and what was found, grouped by what it is. */
function entryLines(incident: ReportedIncident): readonly string[] {
  const { entries, cause } = incident;
  const isCut = isCutShort(incident);
  const alike = [...groupBy(entries, ({ expected }) => expected)];
  const hidden = (shown: number): string => (isCut ? 'more' : `${alike.length - shown} more`);
  switch (CAUSE_RULES[cause].signature.kind) {
    // The sentence above says it all.
    case 'device':
    case 'sides':
      return [];
    case 'row': {
      const [first] = alike;
      const others = alike.length > 1 ? `, and ${hidden(1)} like it` : '';
      return first === undefined ? [] : [`missing   ${printable(first[0])}${others}`];
    }
    case 'node':
    case 'cell': {
      const shown = alike
        .slice(0, ENTRIES)
        .flatMap(([expected, some]) => [
          `expected  ${printable(expected)}`,
          ...[...groupBy(some, (entry) => entry.found)].map(
            ([found, these]) =>
              `found     ${found === '' ? 'nothing' : printable(found)}, on ${observersOf(these, incident)}`,
          ),
        ]);
      return alike.length > ENTRIES ? [...shown, `and ${hidden(ENTRIES)} like these`] : shown;
    }
  }
}

/** Where the subject's device is at fault: `master1's flannel.1 has MAC b2:…; the old one is …`. */
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
            `${printable(entry.subject)}'s ${printable(entry.device)} has MAC ${own}; the old one is ${held}`,
          ];
    });
  return [...new Set(macs)].slice(0, ENTRIES);
}

function macIn(text: string): string | undefined {
  return /\blladdr ([0-9a-f:]{17})\b/.exec(text)?.[1];
}

function familyLines({ family }: ReportedIncident): readonly string[] {
  if (family === undefined) return [];
  const other = FAMILY_NAMES[family === 'ipv4' ? 'ipv6' : 'ipv4'];
  return [`only ${FAMILY_NAMES[family]} is affected: no entry of ${other} was found wrong`];
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

function observersOf(entries: readonly ReportedEntry[], incident: ReportedIncident): string {
  const names = [...new Set(entries.map(({ observer }) => printable(observer)))];
  if (isCutShort(incident)) return `${names.slice(0, CUT_NAMES).join(', ')} and perhaps others`;
  const isAll = names.length > 2 && names.length === incident.observers.length;
  return isAll ? `all ${names.length} nodes` : enumerate(names, ENTRY_NAMES);
}
