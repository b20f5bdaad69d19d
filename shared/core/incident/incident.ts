import type { IncidentReason } from '../../contract/incident-reasons.ts';
import type { Cause, Scope, Severity } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { ReminderChannel } from '../../contract/settings.ts';
import type { Accused } from '../diagnose/finding.ts';
import type { Footprint } from './footprint.ts';

/** Which incident it is, in which phase, and since when: the part that a report does not decide. */
interface IncidentIdentity {
  /**
   * `cluster/scope/name`, fixed when the incident opens, as scope and name are. A suspicion has
   * the key under which it would open now.
   */
  readonly key: string;
  /** The scope under which it opened: it may have grown or shrunk since. */
  readonly scope: Scope;
  /** A node, `observer:subject` for a pair, the cause for a group or a cluster. */
  readonly name: string;
  readonly phase: ReportedIncident['phase'];
  /** When a run first saw the fault, epoch milliseconds. */
  readonly since: number;
  /** How many times it has opened; undefined where it has not relapsed. */
  readonly times?: number | undefined;
}

/** What a report says of an incident besides its finding. */
export interface ReportIdentity extends IncidentIdentity {
  /** ISO 8601; the last run before `since` that read the hosts which show it. Undefined where no earlier run knows. */
  readonly notSeenAt?: string | undefined;
}

/** A finding remembered across runs; a resolved one for as long as it may relapse. */
export interface Incident extends IncidentIdentity {
  /** When it relapsed, epoch milliseconds: the last three of two hours. */
  readonly relapses?: readonly number[] | undefined;
  /** When a run resolved it, epoch milliseconds. */
  readonly resolvedAt?: number | undefined;
  /** When its last entry was first seen correct, while it waits with its end; epoch milliseconds. */
  readonly cleanSince?: number | undefined;
  /** The worst severity that was paged; undefined before the first page. */
  readonly paged: Severity | undefined;
  /** How many nodes the last page counted; undefined before the first page. */
  readonly pagedNodes?: number | undefined;
  /** Its cause, and how many cells of it were read, when it was last paged; undefined before the first page. */
  readonly pagedAs?: { readonly cause: Cause; readonly cells: number } | undefined;
  /** How often it was paged again as critical since it opened; undefined where it was not. */
  readonly worsened?: number | undefined;
  /** When each channel that wants reminders was last paged or reminded, epoch milliseconds. */
  readonly remindedAt?: Readonly<Partial<Record<ReminderChannel, number | undefined>>> | undefined;
  /** Of a group: whose nodes they are. */
  readonly accused?: Accused | undefined;
  /** Runs since it opened or last grew, up to `JOIN_RUNS`. */
  readonly steadyRuns: number;
  /** Which cells are bad: it decides whether a later finding is the same fault. */
  readonly footprint: Footprint;
  /**
   * The part of the footprint that no run has seen correct since it was wrong; undefined where that is all
   * of it. Hosts that take turns in being silent are so all seen, if never in one run. While `cleanSince`
   * is there, the part that no run has seen correct a second time.
   */
  readonly unrepaired?: Footprint | undefined;
  /** The incident as the last run reported it. */
  readonly reported: ReportedIncident;
  /** Why the last run left it so. */
  readonly reason: IncidentReason;
}

/** A subject or an observer joins an incident that grew at most so many runs ago. */
export const JOIN_RUNS = 3;

/** Whether an incident spans nodes that were joined by their cause. */
export function isWide(incident: Incident): boolean {
  return spanOf(incident) === 'cluster' || incident.scope === 'group';
}

/** The scope of its key, or `cluster` where a fault that opened as a smaller one has turned out to be the cluster's. */
export function spanOf({ scope, reported }: Incident): Scope {
  return reported.scope === 'cluster' ? 'cluster' : scope;
}

/**
 * The cells whose faults are the incident's own. One that was seen correct meanwhile is not among them: what
 * is wrong with it later is another fault.
 */
export function ownCellsOf({ cleanSince, unrepaired, footprint }: Incident): Footprint {
  return cleanSince === undefined ? (unrepaired ?? footprint) : { ...footprint, blocks: [] };
}

/** A fault that comes back so soon is the same incident. */
export const RELAPSE_MS = 30 * 60 * 1000;

/** Whether people, or the telemetry where its cause pages nobody, know of it. */
export function isOpen({ phase }: Incident): boolean {
  return phase === 'open';
}
