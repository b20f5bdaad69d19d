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
  /** One line, ASCII, below 100 characters: what SNS takes as a subject. */
  readonly subject: string;
  readonly text: string;
}

/** SNS takes fewer than 100 characters (Publish, parameter Subject). */
const SUBJECT_LENGTH = 99;

/** How much of a subject the cluster's name may take, so that the victim always has a place. */
const CLUSTER_LENGTH = 30;

/** How many entries, names and lines of evidence a page shows; the report has them all. */
const ENTRIES = 6;
const NAMES = 10;
const EVIDENCE = 20;

/** A command is to be run on every one of these, so few are left out. */
const NAMES_IN_MEND = 60;

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
  const seconds = Math.max(0, Math.round((now - began) / 1000));
  const time = `${incident.since.slice(0, 19).replace('T', ' ')} UTC`;
  if (kind === 'resolved') {
    return [
      `RESOLVED  cluster ${plain(cluster)}`,
      `${victimOf(incident)}: no longer. What was lost is there again on every peer that had lost it.`,
      '',
      ...section('What it was', [`${incident.cause}: ${rule.says(wording)}`]),
      ...section('Last evidence', incident.evidence.slice(0, EVIDENCE).map(plain)),
      `Incident  ${plain(incident.key)}`,
      `Began     ${time}, lasted ${formatDuration(seconds)}`,
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
    `Began     ${time}${seconds === 0 ? '' : `, ${formatDuration(seconds)} ago`}`,
    `Runbook   RUNBOOK.md#${incident.cause}`,
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

/** What should be there, once; and what was found, grouped by what it is. */
function entriesOf(entries: readonly ReportedEntry[]): readonly string[] {
  const alike = [...groupBy(entries, ({ expected }) => expected)];
  const shown = alike.slice(0, ENTRIES).flatMap(([expected, some]) => {
    const found = groupBy(some, (entry) => entry.found);
    return [
      `expected  ${plain(expected)}`,
      ...[...found].map(
        ([text, these]) =>
          `found     ${text === '' ? 'nothing' : plain(text)}, on ${namesOf(these)}`,
      ),
    ];
  });
  const hidden = alike.length - ENTRIES;
  return hidden > 0 ? [...shown, `and ${hidden} more entries that are gone or wrong`] : shown;
}

function namesOf(entries: readonly ReportedEntry[]): string {
  return enumerate([...new Set(entries.map(({ observer }) => plain(observer)))], NAMES);
}

/** One command for many hosts is printed once, and one heading for many commands. */
export function mendLines(mend: readonly Mend[]): readonly string[] {
  const byCommand = [...groupBy(mend, ({ command }) => command)].map(([command, alike]) => ({
    command: plain(command),
    heading: headingOf(alike.map(({ where }) => where)),
  }));
  return [...groupBy(byCommand, ({ heading }) => heading)].flatMap(([heading, commands]) => [
    heading,
    ...commands.map(({ command }) => `  ${command}`),
  ]);
}

function headingOf(places: readonly string[]): string {
  return places[0] === 'kubectl'
    ? 'with kubectl, so that flannel programs everything anew:'
    : `as root on ${enumerate(places.map(plain), NAMES_IN_MEND)}:`;
}
