import type { Severity, Table } from '../../contract/causes.ts';
import type { ReportedIncident } from '../../contract/report.ts';
import type { Finding } from '../diagnose/finding.ts';
import { TABLES } from '../../contract/causes.ts';

/** A finding remembered across runs. */
export interface Incident {
  readonly key: string;
  readonly phase: 'suspected' | 'open';
  /** When a run first saw the fault, epoch milliseconds. */
  readonly since: number;
  /** The worst severity for which a page went out; undefined before the first. */
  readonly paged: Severity | undefined;
  /** Which cells are bad: what tells whether a later finding is the same fault. */
  readonly footprint: Footprint;
  /** The incident as it was last told. */
  readonly told: ReportedIncident;
}

/** The observers and subjects of an incident's cells, and the tables in which they are bad. */
export interface Footprint {
  readonly observers: readonly string[];
  readonly subjects: readonly string[];
  readonly tables: readonly Table[];
}

export function footprintOf(finding: Finding): Footprint {
  // A drifted subject's own row is part of the fault, and no cell of its peers with each other.
  const subjects = new Set(
    finding.subject === undefined ? finding.cells.map(({ subject }) => subject) : [finding.subject],
  );
  const wrong = TABLES.filter((table) =>
    finding.cells.some(({ state }) => state[table] !== 'right' && state[table] !== 'unknown'),
  );
  return { observers: observersOf(finding), subjects: [...subjects], tables: wrong };
}

/** Those who lost the entry, and those whose entry is about to age: it is not over before theirs is. */
function observersOf({ observers, subject, cells }: Finding): readonly string[] {
  const aging = cells.filter((cell) => cell.subject === subject).map(({ observer }) => observer);
  return [...new Set([...observers, ...aging])];
}

/**
 * Two faults are one that has grown or shrunk where they share at least half of the smaller one's
 * cells; a row and a column cross in one cell, and are two faults all the same.
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
