import { type Scope, type Severity, type Table, TABLES } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';

/** Which incident it is, in which phase, and since when: the part that a report does not decide. */
export interface IncidentIdentity {
  /** `cluster/scope/name`; fixed when the fault is first seen, as scope and name are. */
  readonly key: string;
  /** The scope under which the fault was first seen: it may have grown or shrunk since. */
  readonly scope: Scope;
  /** A node, `observer:subject` for a pair, the cause for a cluster. */
  readonly name: string;
  readonly phase: ReportedIncident['phase'];
  /** When a run first saw the fault, epoch milliseconds. */
  readonly since: number;
}

/** A finding remembered across runs. */
export interface Incident extends IncidentIdentity {
  readonly phase: 'suspected' | 'open';
  /** The worst severity that was paged; undefined before the first page. */
  readonly paged: Severity | undefined;
  /** Which cells are bad: it decides whether a later finding is the same fault. */
  readonly footprint: Footprint;
  /** The incident as the last run reported it. */
  readonly reported: ReportedIncident;
}

/** The observers and subjects of an incident's cells, and the tables in which they are bad. */
export interface Footprint {
  readonly observers: readonly string[];
  readonly subjects: readonly string[];
  readonly tables: readonly Table[];
}

export function footprintOf(finding: Finding): Footprint {
  // A drifted subject's own row is part of the fault, but what its peers hold of each other is not.
  const subjects = new Set(
    finding.subject === undefined ? finding.cells.map(({ subject }) => subject) : [finding.subject],
  );
  const wrong = TABLES.filter((table) =>
    finding.cells.some(({ state }) => state[table] !== 'right' && state[table] !== 'unknown'),
  );
  return { observers: observersOf(finding), subjects: [...subjects], tables: wrong };
}

/** Observers that lost the entry, and those whose entry will age out: the fault ends with the last. */
function observersOf({ observers, subject, cells }: Finding): readonly string[] {
  const aging = cells.filter((cell) => cell.subject === subject).map(({ observer }) => observer);
  return [...new Set([...observers, ...aging])];
}

/**
 * Whether two faults are one that has grown or shrunk: they share at least half of the cells of the
 * smaller one. A row and a column, which cross in one cell, are two faults.
 */
export function overlap(one: Footprint, two: Footprint): boolean {
  const observers = shared(one.observers, two.observers);
  // A host without a device is a fault before anything is known of its cells.
  if (one.subjects.length === 0 || two.subjects.length === 0) {
    return observers === 1 && one.observers.length === 1 && two.observers.length === 1;
  }
  const cells = observers * shared(one.subjects, two.subjects);
  return cells * 2 >= Math.min(sizeOf(one), sizeOf(two));
}

function shared(one: readonly string[], two: readonly string[]): number {
  const known = new Set(one);
  return two.filter((name) => known.has(name)).length;
}

function sizeOf({ observers, subjects }: Footprint): number {
  return observers.length * subjects.length;
}
