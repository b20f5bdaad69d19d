import { type Cause, runbookAnchorOf } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Announcement } from '../incident/advance.ts';
import { formatDuration, parseTime } from '../time.ts';
import { entryLines } from './entry-lines.ts';
import { fixLines } from './fix-lines.ts';
import { ascii, enumerate, printable, shorten, subjectHead } from '../plain-text.ts';
import { namesIn, recoveryOf, victimOf } from './wording.ts';

export interface Paged {
  /** An update in place wakes nobody. */
  readonly kind: Exclude<Announcement['kind'], 'updated'>;
  readonly incident: ReportedIncident;
}

export type PageKind = Paged['kind'] | 'test';

/** What a person is woken with. */
export interface Page {
  /** The incident's key: one fault is one thing to whoever receives the page. */
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

/** How many other causes and lines of evidence a page shows; the report has them all. */
const CAUSES = 10;
const EVIDENCE = 20;

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
  const who =
    incident.subject ?? (incident.scope === 'observer' ? incident.observers[0] : 'cluster');
  const head = `${subjectHead(cluster)} ${word}`;
  const tail = ` ${incident.cause} ${incident.missingPeers}/${incident.checkedPeers} nodes`;
  // A long node name is cut at its end; the cause and the counts are never cut.
  const victim = shorten(ascii(who ?? ''), SUBJECT_LENGTH - head.length - tail.length);
  return `${head}${victim}${tail}`;
}

function textOf(
  { kind, incident }: Paged,
  { cluster, now, runbook = 'RUNBOOK.md' }: PagedWhere,
): readonly string[] {
  const rule = CAUSE_RULES[incident.cause];
  const names = namesIn(incident);
  const began = parseTime(incident.since) ?? now;
  const seconds = Math.max(0, Math.round((now - began) / 1000));
  const time = `${printable(incident.since.slice(0, 19).replace('T', ' '))} UTC`;
  if (kind === 'resolved') {
    return [
      `RESOLVED  cluster ${printable(cluster)}`,
      recoveryOf(incident),
      '',
      ...section('What it was', [`${incident.cause}: ${rule.summary(names)}`]),
      ...section('Last evidence', incident.evidence.slice(0, EVIDENCE).map(printable)),
      `Incident  ${printable(incident.key)}`,
      `Began     ${time}, lasted ${formatDuration(seconds)}`,
    ];
  }
  return [
    `${incident.severity.toUpperCase()}  cluster ${printable(cluster)}`,
    victimOf(incident),
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
