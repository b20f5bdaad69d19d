import type { Mend, ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { RULES } from '../diagnose/rules.ts';
import type { Announcement } from '../incident/advance.ts';
import { groupBy } from '../group.ts';
import { formatDuration, parseTime } from '../time.ts';
import { ascii, enumerate, plain, shorten } from './plain.ts';
import { victimOf, wordingOf } from './wording.ts';

/** An update in place wakes nobody. */
export type PageKind = Exclude<Announcement['kind'], 'updated'>;

export interface Paged {
  readonly kind: PageKind;
  readonly incident: ReportedIncident;
}

/** What a person is woken with. */
export interface Page {
  /** The incident's key: one fault is one thing to whoever receives the page. */
  readonly key: string;
  readonly kind: PageKind;
  readonly severity: ReportedIncident['severity'];
  /** One line, ASCII, at most 100 characters: what SNS takes as a subject. */
  readonly subject: string;
  readonly text: string;
}

const SUBJECT_LENGTH = 100;

/** How much of a subject the cluster's name may take, so that the victim always has a place. */
const CLUSTER_LENGTH = 30;

/** How many entries, names and lines of evidence a page shows; the report has them all. */
const ENTRIES = 3;
const NAMES = 10;
const EVIDENCE = 20;

/** The page in the order in which a woken person needs it. `now` in epoch milliseconds. */
export function pageOf(
  paged: Paged,
  { cluster, now }: { readonly cluster: string; readonly now: number },
): Page {
  const { kind, incident } = paged;
  const { key, severity } = incident;
  return {
    key,
    kind,
    severity,
    subject: subjectOf(cluster, paged),
    text: `${textOf(paged, cluster, now).join('\n')}\n`,
  };
}

function subjectOf(cluster: string, { kind, incident }: Paged): string {
  const name = shorten(ascii(cluster), CLUSTER_LENGTH);
  const word = kind === 'resolved' ? 'resolved: ' : '';
  const who =
    incident.subject ?? (incident.scope === 'observer' ? incident.observers[0] : 'cluster');
  const count = `${incident.missingPeers}/${incident.checkedPeers} peers`;
  const subject = `[${name}] ${word}${who} ${incident.cause} ${count}`;
  return shorten(ascii(subject), SUBJECT_LENGTH);
}

function textOf({ kind, incident }: Paged, cluster: string, now: number): readonly string[] {
  const rule = RULES[incident.cause];
  const wording = wordingOf(incident);
  const began = parseTime(incident.since) ?? now;
  const lasted = formatDuration(Math.max(0, Math.round((now - began) / 1000)));
  const time = `${incident.since.slice(0, 19).replace('T', ' ')} UTC`;
  if (kind === 'resolved') {
    return [
      `RESOLVED  cluster ${plain(cluster)}`,
      `${victimOf(incident)}: no longer. What was lost is there again on every peer that had lost it.`,
      '',
      ...section('What it was', [`${incident.cause}: ${rule.says(wording)}`]),
      ...section('Last evidence', incident.evidence.slice(0, EVIDENCE).map(plain)),
      `Incident  ${plain(incident.key)}`,
      `Began     ${time}, lasted ${lasted}`,
    ];
  }
  return [
    `${incident.severity.toUpperCase()}  cluster ${plain(cluster)}`,
    `${victimOf(incident)}.`,
    '',
    ...section('What is wrong', [
      `${incident.cause}: ${rule.says(wording)}`,
      ...alsoFits(incident),
    ]),
    ...section('What users notice', [rule.effect(wording)]),
    ...section('Evidence', [
      ...entriesOf(incident.entries),
      ...incident.evidence.slice(0, EVIDENCE).map(plain),
    ]),
    ...section('Mend', mendLines(incident.mend)),
    `Incident  ${plain(incident.key)}`,
    `Began     ${time}, ${lasted} before this page`,
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function alsoFits({ otherCauses }: ReportedIncident): readonly string[] {
  return otherCauses.length === 0
    ? []
    : [
        `The evidence also fits ${enumerate(otherCauses, NAMES)}: a table was not captured, or peers differ.`,
      ];
}

function entriesOf(entries: readonly ReportedEntry[]): readonly string[] {
  const shown = entries
    .slice(0, ENTRIES)
    .flatMap(({ observer, expected, found }) => [
      `${plain(observer)} should hold  ${plain(expected)}`,
      `${' '.repeat(observer.length)} and holds    ${found === '' ? 'nothing' : plain(found)}`,
    ]);
  const hidden = entries.length - ENTRIES;
  return hidden > 0 ? [...shown, `and ${hidden} more entries like these`] : shown;
}

/** One command for many hosts is printed once. */
export function mendLines(mend: readonly Mend[]): readonly string[] {
  return [...groupBy(mend, ({ command }) => command)].flatMap(([command, alike]) => {
    const places = alike.map(({ where }) => where);
    const [place] = places;
    const where =
      place === 'kubectl'
        ? 'from a machine with kubectl, so that flannel programs everything anew:'
        : `as root on ${places.map(plain).join(', ')}:`;
    return [where, `  ${plain(command)}`];
  });
}
