import { CAUSE_TABLE } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Limits } from '../../contract/settings.ts';
import type { Finding } from '../diagnose/finding.ts';
import { CAUSE_RULES } from '../diagnose/causes.ts';
import type { Matrix } from '../diff/matrix.ts';
import type { Standing } from '../report/incident-report.ts';
import { footprintOf, type Incident } from './incident.ts';
import { type Match, matchIncidents } from './match.ts';
import { sightingOf, withUnjudged } from './sighting.ts';

/** What became of an incident in this run, for whoever is to be told. */
export interface Announcement {
  readonly kind: 'opened' | 'worsened' | 'updated' | 'resolved';
  /** Whether people are paged, or only the telemetry is told. */
  readonly pages: boolean;
  readonly incident: ReportedIncident;
  /** The incident as it was told before. */
  readonly before: ReportedIncident | undefined;
}

interface Advanced {
  readonly incidents: readonly Incident[];
  readonly announcements: readonly Announcement[];
  /** Every incident of this run as it is told, the resolved ones included. */
  readonly told: readonly ReportedIncident[];
}

/** What `advance` is given besides the findings. */
interface Circumstances {
  readonly cluster: string;
  readonly now: number;
  readonly limits: Limits;
  readonly matrix: Matrix;
  /** Whether the second look saw the finding too. */
  readonly confirmed: (finding: Finding) => boolean;
  readonly tell: (finding: Finding, standing: Standing) => ReportedIncident;
}

/**
 * Decides every incident's next phase. An incident opens when a second look confirms it, stays open
 * while it is seen, alone or in a larger one, or while nobody could look, and resolves when all its
 * cells were seen well.
 */
export function advance(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  circumstances: Circumstances,
): Advanced {
  const matches = matchIncidents(incidents, findings, circumstances.matrix);
  const matched = new Set(matches.map(({ incident }) => incident));
  const steps = [
    ...matches.map((match) => seen(match, circumstances)),
    ...incidents.filter((one) => !matched.has(one)).map((one) => unseen(one, circumstances)),
  ];
  return {
    incidents: steps.flatMap(({ next }) => (next === undefined ? [] : [next])),
    announcements: steps.flatMap(({ announcement }) => announcement ?? []),
    told: steps.flatMap(({ told }) => told ?? []),
  };
}

/** Whether a page would go out for the finding now, if a second look confirms it. */
export function isDue(match: Match, now: number, limits: Limits): boolean {
  const { finding } = match;
  if (!CAUSE_TABLE[finding.cause].pages) return false;
  if (stands(match)) return hasWorsened(match);
  const lasted = Math.max(0, now - sinceOf(match, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

interface Step {
  readonly next: Incident | undefined;
  readonly announcement?: Announcement | undefined;
  readonly told?: ReportedIncident;
}

function seen(match: Match, circumstances: Circumstances): Step {
  const { finding, incident } = match;
  const { now, limits, cluster, tell } = circumstances;
  const key = incident?.key ?? `${cluster}/${finding.scope}/${finding.name}`;
  const since = sinceOf(match, now);
  const pages = CAUSE_TABLE[finding.cause].pages;
  const opens = !pages || (isDue(match, now, limits) && circumstances.confirmed(finding));
  const isOpen = stands(match) || opens;
  const phase = isOpen ? 'open' : (incident?.phase ?? 'suspected');
  const told = tell(finding, { key, phase, since });
  const footprint = withUnjudged(footprintOf(finding), incident?.footprint, circumstances.matrix);
  const next = { key, phase, since, footprint, told } as const;
  if (!isOpen) return { next: { ...next, paged: undefined }, told };
  const kind = changeOf(match, circumstances.confirmed(finding));
  const paged =
    pages && (kind === 'opened' || kind === 'worsened') ? finding.severity : incident?.paged;
  const announcement: Announcement | undefined =
    kind === undefined
      ? undefined
      : { kind, pages: pages && kind !== 'updated', incident: told, before: incident?.told };
  return { next: { ...next, paged }, told, announcement };
}

/** Open already, and nobody is left to be woken: what never paged and now should does not stand. */
function stands({ finding, incident }: Match): boolean {
  const told = incident?.paged !== undefined || !CAUSE_TABLE[finding.cause].pages;
  return incident?.phase === 'open' && told;
}

/** Paged as a warning, and now a node is cut off. */
function hasWorsened({ finding, incident }: Match): boolean {
  const pages = CAUSE_TABLE[finding.cause].pages;
  return pages && finding.severity === 'critical' && incident?.paged !== 'critical';
}

/** A fault that only aged begins anew when it stops working: until then there was no patience to lose. */
function sinceOf({ finding, incident }: Match, now: number): number {
  const aged =
    incident !== undefined &&
    CAUSE_TABLE[finding.cause].pages &&
    !CAUSE_TABLE[incident.told.cause].pages;
  return incident === undefined || aged ? now : incident.since;
}

/** What is new of an incident that is open now. */
function changeOf(match: Match, confirmed: boolean): Announcement['kind'] | undefined {
  const { finding, incident } = match;
  if (incident === undefined || !stands(match)) return 'opened';
  if (confirmed && hasWorsened(match)) return 'worsened';
  const { cause, severity, missingPeers } = incident.told;
  const same =
    cause === finding.cause &&
    severity === finding.severity &&
    missingPeers === finding.missingPeers;
  return same ? undefined : 'updated';
}

function unseen(incident: Incident, { matrix }: Circumstances): Step {
  const sighting = sightingOf(incident.footprint, matrix);
  // What grew into a larger fault is not over: who was told that it began is told when it ends.
  const stays = sighting === 'unknown' || (sighting === 'present' && incident.phase === 'open');
  if (stays) return { next: incident, told: incident.told };
  // A suspicion that was not confirmed was never told to anybody.
  if (incident.phase === 'suspected') return { next: undefined };
  const told: ReportedIncident = { ...incident.told, phase: 'resolved' };
  const pages = incident.paged !== undefined;
  return {
    next: undefined,
    told,
    announcement: { kind: 'resolved', pages, incident: told, before: incident.told },
  };
}
