import { runbookAnchorOf } from '../../contract/causes.ts';
import { INCIDENT_REASONS, type IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident, Site } from '../../contract/report.ts';
import type { PageDetails } from '../../contract/webhook.ts';
import { CAUSE_RULES, isOfApi } from '../diagnose/causes.ts';
import type { Announcement } from '../incident/step.ts';
import { printable } from '../plain-text.ts';
import { formatDuration, parseTime } from '../time.ts';
import { evidenceLines } from './evidence.ts';
import { type Chunk, fitted, textOf } from './fitted.ts';
import { fixChunks } from './fix-text.ts';
import { FAMILY_NAMES, smsOf, subjectOf } from './subject.ts';
import { detailsOf } from './details.ts';
import { morningOf, namesIn, recoveryOf, victimOf } from './wording.ts';

export interface Paged {
  /** An update in place wakes nobody. */
  readonly kind: Exclude<Announcement['kind'], 'updated'> | 'reminder';
  readonly incident: ReportedIncident;
  /** Why it is paged now; undefined where only the report is known. */
  readonly reason?: IncidentReason;
  /** How often it was paged again as critical since it opened, this time included. */
  readonly worsened?: number | undefined;
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
  /** One of the causes, or what another version calls it. Absent from a test page, which is about no incident. */
  readonly cause?: string | undefined;
  /** How often its incident was paged again as critical, this time included; undefined where it was not. */
  readonly worsened?: number | undefined;
  /** When it was written, epoch milliseconds. */
  readonly at: number;
  /** One line, ASCII, below 100 characters: what SNS takes as a subject. */
  readonly subject: string;
  /** At most 4,096 bytes. */
  readonly text: string;
  /** At most 140 characters of GSM-7: one short message. Absent from what earlier builds wrote. */
  readonly sms?: string | undefined;
  /** The same as data; absent from a test page. */
  readonly details?: PageDetails | undefined;
}

/** What a page says beside its incident. */
interface PagedWhere {
  readonly cluster: string;
  readonly now: number;
  /** Path or URL. */
  readonly runbook?: string | undefined;
  readonly site?: Site | undefined;
  /** How far apart the two looks are at least. */
  readonly secondLookSeconds?: number | undefined;
}

const RUNBOOK = 'RUNBOOK.md';

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
    worsened: paged.worsened,
    at: now,
    subject: subjectOf(cluster, paged),
    text: fitted(
      chunksOf(paged, where),
      (steps) =>
        `Shortened${steps === 0 ? '' : `, by ${steps} of the steps under Fix`}. All of it: npx --no vtepwatch check --cluster ${printable(cluster)}`,
    ),
    sms: smsOf(cluster, paged),
    details: detailsOf(incident, { runbook: runbookOf(paged, where), site: where.site }),
  };
}

/** The same text as a page has, whole: for a terminal, which takes all of it. */
export function wholeTextOf(paged: Paged, where: PagedWhere): string {
  return textOf(chunksOf(paged, where));
}

function chunksOf(paged: Paged, where: PagedWhere): readonly Chunk[] {
  if (paged.kind === 'resolved') return endOf(paged, where);
  return bodyOf(paged, { ...where, runbook: runbookOf(paged, where) });
}

function runbookOf({ incident }: Paged, { runbook = RUNBOOK }: PagedWhere): string {
  return `${runbook}#${runbookAnchorOf(incident.cause)}`;
}

/** Lines of one rank go together; those of the highest rank go first where a page is too long. */
const RANK = { needed: 0, check: 2, cause: 3, changes: 6, hosts: 7, evidence: 8 } as const;

function bodyOf(paged: Paged, where: PagedWhere & { readonly runbook: string }): readonly Chunk[] {
  const { kind, reason, incident } = paged;
  const { cluster, runbook } = where;
  const rule = CAUSE_RULES[incident.cause];
  const names = namesIn(incident);
  const needed = (...lines: readonly string[]): Chunk => ({ rank: RANK.needed, lines });
  const evidence = evidenceLines(incident);
  return [
    needed(
      `${incident.severity.toUpperCase()}  cluster ${printable(cluster)}${againText(incident)}`,
      victimOf(incident),
      ...(kind === 'worsened' && reason !== undefined
        ? [capitalised(INCIDENT_REASONS[reason])]
        : []),
      ...(kind === 'reminder' ? ['Reminder: it is still open.'] : []),
      `Users notice   ${onlyFamilyText(incident)}${rule.effect(names)}`,
      `Until morning  ${morningOf(incident)}`,
      '',
    ),
    ...titled('Fix', fixChunks(incident)),
    ...titled('Why', [
      { rank: RANK.cause, lines: [`${incident.cause}: ${rule.summary(names)}`] },
      ...evidence.map((line) => ({ rank: RANK.evidence, lines: [line] })),
    ]),
    ...titled(
      'Changed shortly before',
      (incident.changes ?? []).map((line) => ({ rank: RANK.changes, lines: [printable(line)] })),
    ),
    ...titled(
      'Log in',
      loginLines(incident, where.site).map((line) => ({ rank: RANK.hosts, lines: [line] })),
    ),
    needed(
      `Incident  ${printable(incident.key)}`,
      `Began     ${beganText(paged, where)}`,
      ...(where.site === undefined
        ? []
        : [`AWS       account ${where.site.account}, Region ${where.site.region}`]),
      `Runbook   ${printable(runbook)}`,
    ),
  ];
}

/** A person who is woken tries the family that works, and believes that nothing is wrong. */
function onlyFamilyText({ family }: ReportedIncident): string {
  return family === undefined ? '' : `Only over ${FAMILY_NAMES[family]}. `;
}

/** A title, if something stands below it, and an empty line behind. */
function titled(title: string, chunks: readonly Chunk[]): readonly Chunk[] {
  if (chunks.length === 0) return [];
  const rank = Math.min(...chunks.map((chunk) => chunk.rank));
  return [
    { rank, frames: title, lines: [title] },
    ...chunks.map((chunk) => ({
      ...chunk,
      section: title,
      lines: chunk.lines.map((line) => `  ${line}`),
    })),
    { rank, frames: title, lines: [''] },
  ];
}

/** What is over: what it was, and how long it lasted. */
function endOf({ incident, reason, endedAt }: Paged, where: PagedWhere): readonly Chunk[] {
  const rule = CAUSE_RULES[incident.cause];
  return [
    {
      rank: RANK.needed,
      lines: [
        `RESOLVED  cluster ${printable(where.cluster)}`,
        recoveryOf(incident, reason),
        '',
        'What it was',
        `  ${incident.cause}: ${rule.summary(namesIn(incident))}`,
        '',
        `Incident  ${printable(incident.key)}`,
        `Began     ${timeText(incident)}, lasted ${formatDuration(secondsSince(incident, { now: endedAt ?? where.now }))}`,
      ],
    },
  ];
}

function beganText({ kind, incident }: Paged, where: PagedWhere): string {
  const seconds = secondsSince(incident, where);
  const ago = seconds === 0 ? '' : `, ${formatDuration(seconds)} ago`;
  const isMeasured = isOfApi(incident.cause);
  const again =
    where.secondLookSeconds === undefined || kind === 'reminder' || isMeasured
      ? ''
      : `; seen again at least ${where.secondLookSeconds} s later, before this page`;
  return `${timeText(incident)}${ago}${earlierText(incident)}${again}`;
}

function timeText({ since }: ReportedIncident): string {
  return `${printable(since.slice(0, 19).replace('T', ' '))} UTC`;
}

/** `; not there at 14:39:50`: between the two times something happened. */
function earlierText({ since, notSeenAt }: ReportedIncident): string {
  if (notSeenAt === undefined) return '';
  const [day, time] = [notSeenAt.slice(0, 10), notSeenAt.slice(11, 19)];
  return `; not there at ${printable(since.startsWith(day) ? time : `${day} ${time}`)}`;
}

function secondsSince({ since }: ReportedIncident, { now }: Pick<PagedWhere, 'now'>): number {
  return Math.max(0, Math.round((now - (parseTime(since) ?? now)) / 1000));
}

/** `, again, 2nd time`. */
function againText({ times = 1 }: ReportedIncident): string {
  return times < 2 ? '' : `, again, ${times}${ORDINALS[times] ?? 'th'} time`;
}

const ORDINALS: Readonly<Record<number, string>> = { 2: 'nd', 3: 'rd' };

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** How many hosts a page has a line for. */
const LOGINS = 3;

/** Session Manager reaches EC2's instances with no setting of theirs; for others it may cost. */
function loginLines(
  { instances = [] }: ReportedIncident,
  site: Site | undefined,
): readonly string[] {
  if (site === undefined) return [];
  return instances
    .slice(0, LOGINS)
    .map(({ node, id }) =>
      id.startsWith('i-')
        ? `${printable(node)}: aws ssm start-session --region ${site.region} --target ${id}`
        : `${printable(node)}: ssh ${printable(node)} (${printable(id)})`,
    );
}
