import { type Cause, runbookAnchorOf } from '../../contract/causes.ts';
import { INCIDENT_REASONS, type IncidentReason } from '../../contract/incident-reasons.ts';
import type { Fix, ReportedEntry, ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import { groupBy } from '../group.ts';
import type { Announcement } from '../incident/step.ts';
import { ENTRIES_PER_INCIDENT } from '../report/incident-report.ts';
import { formatDuration, parseTime } from '../time.ts';
import { ascii, enumerate, printable, shorten, subjectHead } from '../plain-text.ts';
import { namesIn, recoveryOf, victimOf } from './wording.ts';

export interface Paged {
  /** An update in place wakes nobody. */
  readonly kind: Exclude<Announcement['kind'], 'updated'>;
  readonly incident: ReportedIncident;
  /** Why it is paged now; undefined where only the report is known. */
  readonly reason?: IncidentReason;
  /** Of a resolved one: when its last entry was first seen correct, epoch milliseconds. */
  readonly endedAt?: number | undefined;
}

export type PageKind = Paged['kind'] | 'test';

/** What a person is woken with. */
export interface Page {
  /** The incident's key: a receiver sees one fault as one thing. */
  readonly key: string;
  readonly kind: PageKind;
  readonly severity: ReportedIncident['severity'];
  /** Absent from a test page, which is about no incident. */
  readonly cause?: Cause | undefined;
  /** When it was written, epoch milliseconds. */
  readonly at: number;
  /** One line, ASCII, below 100 characters: what SNS takes as a subject. */
  readonly subject: string;
  readonly text: string;
}

/** SNS takes fewer than 100 characters (Publish, parameter Subject). */
const SUBJECT_LENGTH = 99;

/** How much of each a page shows; the report has it all. */
const CAUSES = 10;
const EVIDENCE = 20;
const ENTRIES = 6;
/** Nodes beside each entry. */
const ENTRY_NAMES = 10;
/** Hosts in a heading of the fix: the reader runs the commands on each of them. */
const FIX_NAMES = 60;

interface PagedWhere {
  readonly cluster: string;
  readonly now: number;
  /** Path or URL. */
  readonly runbook?: string | undefined;
}

/** The page in the order in which a woken person needs it. `now` in epoch milliseconds. */
export function pageOf(paged: Paged, where: PagedWhere): Page {
  const { cluster, now } = where;
  const { kind, incident } = paged;
  const { key, severity, cause } = incident;
  return {
    key,
    kind,
    severity,
    cause,
    at: now,
    subject: subjectOf(cluster, paged),
    text: `${textOf(paged, where).join('\n')}\n`,
  };
}

function subjectOf(cluster: string, { kind, incident }: Paged): string {
  const word = kind === 'resolved' ? 'resolved: ' : '';
  const who = accusedIn(incident);
  const head = `${subjectHead(cluster)} ${word}`;
  const tail = ` ${incident.cause} ${incident.missingPeers}/${incident.checkedPeers} nodes`;
  // A long node name is cut at its end; the cause and the counts are never cut.
  const victim = shorten(ascii(who ?? ''), SUBJECT_LENGTH - head.length - tail.length);
  return `${head}${victim}${tail}`;
}

/** `master1`; of a group, `master1 and 2 more`. */
function accusedIn({
  scope,
  subject,
  subjects,
  observers,
  missingPeers,
}: ReportedIncident): string | undefined {
  switch (scope) {
    case 'pair':
    case 'subject':
      return subject;
    case 'observer':
      return observers[0];
    case 'group':
      return missingPeers > 1
        ? `${(subjects ?? observers)[0] ?? ''} and ${missingPeers - 1} more`
        : (subjects ?? observers)[0];
    case 'cluster':
      return subject ?? 'cluster';
  }
}

function textOf(
  { kind, reason, incident, endedAt }: Paged,
  { cluster, now, runbook = 'RUNBOOK.md' }: PagedWhere,
): readonly string[] {
  const rule = CAUSE_RULES[incident.cause];
  const names = namesIn(incident);
  const began = parseTime(incident.since) ?? now;
  const seconds = Math.max(0, Math.round(((endedAt ?? now) - began) / 1000));
  const time = `${printable(incident.since.slice(0, 19).replace('T', ' '))} UTC`;
  if (kind === 'resolved') {
    return [
      `RESOLVED  cluster ${printable(cluster)}`,
      recoveryOf(incident, reason),
      '',
      ...section('What it was', [`${incident.cause}: ${rule.summary(names)}`]),
      ...section('Last evidence', incident.evidence.slice(0, EVIDENCE).map(printable)),
      `Incident  ${printable(incident.key)}`,
      `Began     ${time}, lasted ${formatDuration(seconds)}`,
    ];
  }
  return [
    `${incident.severity.toUpperCase()}  cluster ${printable(cluster)}${againText(incident)}`,
    victimOf(incident),
    ...(kind === 'worsened' && reason !== undefined ? [capitalised(INCIDENT_REASONS[reason])] : []),
    '',
    ...section('What is wrong', [
      `${incident.cause}: ${rule.summary(names)}`,
      ...alsoFits(incident),
    ]),
    ...section('What users notice', [rule.effect(names)]),
    ...section('Evidence', [
      ...entryLines(incident),
      ...incident.evidence.slice(0, EVIDENCE).map(printable),
    ]),
    ...section('Fix', fixLines(incident)),
    `Incident  ${printable(incident.key)}`,
    `Began     ${time}${seconds === 0 ? '' : `, ${formatDuration(seconds)} ago`}`,
    `Runbook   ${printable(runbook)}#${runbookAnchorOf(incident.cause)}`,
  ];
}

/** `, again, 2nd time`. */
function againText({ times = 1 }: ReportedIncident): string {
  return times < 2 ? '' : `, again, ${times}${ORDINALS[times] ?? 'th'} time`;
}

const ORDINALS: Readonly<Record<number, string>> = { 2: 'nd', 3: 'rd' };

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function alsoFits({ otherCauses }: ReportedIncident): readonly string[] {
  return otherCauses.length === 0
    ? []
    : [
        `The evidence also fits ${enumerate(otherCauses, CAUSES)}: a table could not be read, or nodes differ.`,
      ];
}

interface Labels {
  readonly expected: string;
  readonly found: string;
}

const USUAL: Labels = { expected: 'expected  ', found: 'found     ' };

/** Where the subject is at fault, its device has what its peers correctly do not hold. */
const AT_SUBJECT: Labels = { expected: 'device has ', found: 'nodes hold ' };

/** What should be there, once; and what was found, grouped by what it is. */
function entryLines({
  cause,
  subject,
  subjects = [],
  entries,
  phase,
}: ReportedIncident): readonly string[] {
  const atSubject = CAUSE_RULES[cause].fix.at === 'subject';
  const labels = atSubject ? AT_SUBJECT : USUAL;
  const accused = new Set([subject, ...subjects]);
  const shownEntries = atSubject ? entries.filter((entry) => accused.has(entry.subject)) : entries;
  // The report carries only the first of very many entries: how many there are is not known here.
  const isCut = entries.length === ENTRIES_PER_INCIDENT[phase];
  const alike = [...groupBy(shownEntries, ({ expected }) => expected)];
  const shown = alike
    .slice(0, ENTRIES)
    .flatMap(([expected, some]) => [
      `${labels.expected}${printable(expected)}`,
      ...[...groupBy(some, ({ found }) => found)].map(
        ([found, these]) => `${labels.found}${foundText(found)}, on ${observersOf(these, isCut)}`,
      ),
    ]);
  const hidden = alike.length - ENTRIES;
  const count = isCut ? 'more' : `${hidden} more`;
  return hidden > 0 ? [...shown, `and ${count} like these`] : shown;
}

function foundText(found: string): string {
  return found === '' ? 'nothing' : printable(found);
}

function observersOf(entries: readonly ReportedEntry[], isCut: boolean): string {
  const names = [...new Set(entries.map(({ observer }) => printable(observer)))];
  return isCut && names.length > ENTRY_NAMES
    ? `${names.slice(0, ENTRY_NAMES).join(', ')} and others`
    : enumerate(names, ENTRY_NAMES);
}

/** The ways to fix a fault: a heading for each, with its commands below. */
function fixLines({ cause, fix }: ReportedIncident): readonly string[] {
  // A restart is another way than putting entries back; a drifted device must be deleted before it.
  const link = CAUSE_RULES[cause].fix.at === 'subject' ? 'then ' : 'or ';
  const firstRestart = fix.findIndex(({ kind }) => kind === 'restart');
  return fix.flatMap((one, at) => [
    `${at > 0 && at === firstRestart ? link : ''}${headingOf(one)}:`,
    ...one.commands.map((command) => `  ${printable(command)}`),
  ]);
}

function headingOf({ runs, hosts, agent }: Fix): string {
  const where =
    runs === 'anywhere'
      ? 'with kubectl'
      : `as root on ${enumerate(hosts.map(printable), FIX_NAMES)}`;
  return agent === undefined
    ? where
    : `${where}, so that ${AGENT_NAMES[agent]} programs everything anew`;
}

const AGENT_NAMES = { flannel: 'flannel', calico: 'Calico' } as const;
