import { CAUSE_TABLE, TABLES } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Limits } from '../../contract/settings.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Matrix, Row } from '../matrix/matrix.ts';
import { type Footprint, footprintOf, type Incident, type IncidentIdentity } from './incident.ts';
import { type Match, matchIncidents } from './match.ts';

/** What became of an incident in this run. */
export interface Announcement {
  readonly kind: 'opened' | 'worsened' | 'updated' | 'resolved';
  /** Whether it pages people, or goes to the telemetry alone. */
  readonly pages: boolean;
  readonly incident: ReportedIncident;
  /** The incident as the run before reported it. */
  readonly before: ReportedIncident | undefined;
}

/** The incidents after a run. */
interface Advance {
  readonly incidents: readonly Incident[];
  readonly announcements: readonly Announcement[];
  /** Every incident of this run, the resolved ones included. */
  readonly reported: readonly ReportedIncident[];
}

/** What `advance` is given besides the findings. */
interface Circumstances {
  readonly cluster: string;
  readonly now: number;
  readonly limits: Limits;
  readonly matrix: Matrix;
  /** Whether the second look saw the finding too. */
  readonly confirmed: (finding: Finding) => boolean;
  readonly report: (finding: Finding, identity: IncidentIdentity) => ReportedIncident;
}

/**
 * Decides every incident's next phase. An incident opens when a second look confirms it. It stays open
 * while it is seen, alone or as part of a larger fault, and while nobody could look. It resolves when
 * all its cells were read and are right.
 */
export function advance(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  circumstances: Circumstances,
): Advance {
  const matches = matchIncidents(incidents, findings, circumstances.matrix);
  const matched = new Set(matches.map(({ incident }) => incident));
  const steps = [
    ...matches.map((match) => stepOfSeen(match, circumstances)),
    ...incidents
      .filter((incident) => !matched.has(incident))
      .map((incident) => stepOfUnseen(incident, circumstances)),
  ];
  return {
    incidents: steps.flatMap(({ next }) => (next === undefined ? [] : [next])),
    announcements: steps.flatMap(({ announcement }) => announcement ?? []),
    reported: steps.flatMap(({ reported }) => reported ?? []),
  };
}

/** Whether the run would page for the finding now, if a second look confirms it. */
export function isDue(match: Match, now: number, limits: Limits): boolean {
  const { finding } = match;
  if (!CAUSE_TABLE[finding.cause].pages) return false;
  if (isAnnounced(match)) return hasWorsened(match);
  const lasted = Math.max(0, now - sinceOf(match, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

/** What one run does to one incident. */
interface Step {
  /** The incident as the next run finds it; undefined when it is over. */
  readonly next: Incident | undefined;
  readonly announcement?: Announcement | undefined;
  readonly reported?: ReportedIncident;
}

function stepOfSeen(match: Match, circumstances: Circumstances): Step {
  const { finding, incident } = match;
  const { now, limits, cluster, confirmed, matrix, report } = circumstances;
  const { pages } = CAUSE_TABLE[finding.cause];
  const opens = !pages || (isDue(match, now, limits) && confirmed(finding));
  const isOpen = isAnnounced(match) || opens;
  const { scope, name } = incident ?? finding;
  const identity = {
    key: incident?.key ?? `${cluster}/${scope}/${name}`,
    scope,
    name,
    phase: isOpen ? 'open' : (incident?.phase ?? 'suspected'),
    since: sinceOf(match, now),
  } as const;
  const reported = report(finding, identity);
  const footprint = withUnchecked(footprintOf(finding), incident?.footprint, matrix);
  const next = { ...identity, footprint, reported };
  if (!isOpen) return { next: { ...next, paged: undefined }, reported };
  const kind = changeOf(match, confirmed(finding));
  const paged =
    pages && (kind === 'opened' || kind === 'worsened') ? finding.severity : incident?.paged;
  const announcement: Announcement | undefined =
    kind === undefined
      ? undefined
      : {
          kind,
          pages: pages && kind !== 'updated',
          incident: reported,
          before: incident?.reported,
        };
  return { next: { ...next, paged }, reported, announcement };
}

/** Open, and paged where its cause pages. An open incident that turns into one that pages opens anew. */
function isAnnounced({ finding, incident }: Match): boolean {
  const hasPaged = incident?.paged !== undefined || !CAUSE_TABLE[finding.cause].pages;
  return incident?.phase === 'open' && hasPaged;
}

/** Paged as a warning, and critical now. */
function hasWorsened({ finding, incident }: Match): boolean {
  const { pages } = CAUSE_TABLE[finding.cause];
  return pages && finding.severity === 'critical' && incident?.paged !== 'critical';
}

/** A fault that works, and stops working, begins then: its patience has not run before. */
function sinceOf({ finding, incident }: Match, now: number): number {
  const worked =
    incident !== undefined &&
    CAUSE_TABLE[finding.cause].pages &&
    !CAUSE_TABLE[incident.reported.cause].pages;
  return incident === undefined || worked ? now : incident.since;
}

/** What is new of an incident that is open now. */
function changeOf(match: Match, confirmed: boolean): Announcement['kind'] | undefined {
  const { finding, incident } = match;
  if (incident === undefined || !isAnnounced(match)) return 'opened';
  if (confirmed && hasWorsened(match)) return 'worsened';
  const { cause, severity, missingPeers } = incident.reported;
  const same =
    cause === finding.cause &&
    severity === finding.severity &&
    missingPeers === finding.missingPeers;
  return same ? undefined : 'updated';
}

function stepOfUnseen(incident: Incident, { matrix }: Circumstances): Step {
  const sighting = sightingOf(incident.footprint, matrix);
  // A fault that has grown into a larger one is not over: the people paged for it get its end too.
  const stays = sighting === 'unknown' || (sighting === 'present' && incident.phase === 'open');
  if (stays) return { next: incident, reported: incident.reported };
  // A suspicion that was not confirmed was never announced.
  if (incident.phase === 'suspected') return { next: undefined };
  const reported: ReportedIncident = { ...incident.reported, phase: 'resolved' };
  const announcement: Announcement = {
    kind: 'resolved',
    pages: incident.paged !== undefined,
    incident: reported,
    before: incident.reported,
  };
  return { next: undefined, reported, announcement };
}

/**
 * What a run saw of an incident for which it has no finding. `present`: some of its cells are still
 * bad, and are part of another finding. `unknown`: the run could not look, which neither opens nor
 * resolves anything.
 */
type Sighting = 'present' | 'absent' | 'unknown';

/** Nodes that left the cluster drop out; of all others every bad cell must have been checked. */
function sightingOf(footprint: Footprint, matrix: Matrix): Sighting {
  const nodes = new Set(matrix.nodes);
  // A run that knows no node at all has lost its sources; the cluster has not lost its nodes.
  if (nodes.size === 0) return 'unknown';
  const observers = footprint.observers.filter((observer) => nodes.has(observer));
  const subjects = footprint.subjects.filter((subject) => nodes.has(subject));
  const looked =
    observers.every((observer) => shows(matrix.rows.get(observer), footprint)) &&
    subjects.every((subject) => matrix.subjects.has(subject));
  if (!looked) return 'unknown';
  return isBadWithin(footprint, matrix) ? 'present' : 'absent';
}

function shows(row: Row | undefined, { tables }: Footprint): boolean {
  return row?.devices !== undefined && tables.every((table) => row.shown.has(table));
}

function isBadWithin(footprint: Footprint, { cells }: Matrix): boolean {
  const observers = new Set(footprint.observers);
  const subjects = new Set(footprint.subjects);
  const isBad = ({ state }: Cell): boolean =>
    footprint.tables.some((table) => state[table] !== 'right' && state[table] !== 'unknown');
  return cells.some(
    (cell) => observers.has(cell.observer) && subjects.has(cell.subject) && isBad(cell),
  );
}

/** Adds what an earlier run saw and this one could not check: not looking fixes nothing. */
function withUnchecked(seen: Footprint, before: Footprint | undefined, matrix: Matrix): Footprint {
  if (before === undefined) return seen;
  const nodes = new Set(matrix.nodes);
  const observers = before.observers.filter(
    (node) => nodes.has(node) && !shows(matrix.rows.get(node), before),
  );
  const subjects = before.subjects.filter((node) => nodes.has(node) && !matrix.subjects.has(node));
  if (observers.length + subjects.length === 0) return seen;
  return {
    observers: [...new Set([...seen.observers, ...observers])],
    subjects: [...new Set([...seen.subjects, ...subjects])],
    tables: TABLES.filter((table) => seen.tables.includes(table) || before.tables.includes(table)),
  };
}
