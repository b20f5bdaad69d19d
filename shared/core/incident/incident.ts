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
  return { observers: finding.observers, subjects: [...subjects], tables: wrong };
}

/** Two faults overlap where they share a cell. */
export function overlap(one: Footprint, two: Footprint): boolean {
  const observers = new Set(one.observers);
  const subjects = new Set(one.subjects);
  const sharesObserver = two.observers.some((observer) => observers.has(observer));
  // A host without a device is a fault before anything is known of its cells.
  const cellless = one.subjects.length === 0 || two.subjects.length === 0;
  return sharesObserver && (cellless || two.subjects.some((subject) => subjects.has(subject)));
}
