import { wakes } from '../../contract/causes.ts';
import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import type { Planning } from './due.ts';
import { type Incident, type ReportIdentity, JOIN_RUNS } from './incident.ts';

/** What one run does to one incident. */
export interface Step {
  readonly key: string;
  readonly reason: IncidentReason;
  /** The incident as the next run finds it; undefined when it is over. */
  readonly next: Incident | undefined;
  /** The incident that is over, as long as it may relapse. */
  readonly over?: Incident;
  readonly announcement?: Announcement | undefined;
  readonly reported?: ReportedIncident;
}

/** What became of an incident in this run. */
export interface Announcement {
  readonly kind: 'opened' | 'worsened' | 'updated' | 'resolved';
  readonly reason: IncidentReason;
  /** Whether it pages people, or goes to the telemetry alone. */
  readonly pages: boolean;
  readonly incident: ReportedIncident;
  /** The incident as the run before reported it. */
  readonly before: ReportedIncident | undefined;
  /** How often it was paged again as critical since it opened, this time included. */
  readonly worsened?: number | undefined;
  /** Of a resolved one: when its last entry was first seen correct, epoch milliseconds. */
  readonly endedAt?: number | undefined;
}

/** What a step is decided from, besides incident and finding. */
export interface Circumstances extends Planning {
  readonly cluster: string;
  /** The control-plane nodes. */
  readonly masters: ReadonlySet<string>;
  /** Whether the second look saw the finding too. */
  readonly confirmed: (finding: Finding) => boolean;
  readonly report: (finding: Finding, identity: ReportIdentity) => ReportedIncident;
}

/** What pages nobody opens without a second look. */
export function isConfirmed(finding: Finding, { confirmed }: Circumstances): boolean {
  return !wakes(finding) || confirmed(finding);
}

/** A run in which nobody answered says nothing of how long an incident has not grown. */
export function steadier({ steadyRuns }: Incident, { rows }: Matrix): number {
  return rows.size === 0 ? steadyRuns : Math.min(steadyRuns + 1, JOIN_RUNS);
}
