import { TABLES } from '../../contract/causes.ts';
import type { Cell } from '../diff/cells.ts';
import type { Matrix, Row } from '../diff/matrix.ts';
import type { Footprint } from './incident.ts';

/**
 * What a run saw of an incident for which it has no finding. `present`: some of its cells are still
 * bad, and are part of another finding. `unknown`: the run could not look, which neither opens nor
 * resolves anything.
 */
type Sighting = 'present' | 'absent' | 'unknown';

/** Nodes that left the cluster drop out; of all others every bad cell must have been checked. */
export function sightingOf(footprint: Footprint, matrix: Matrix): Sighting {
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
export function withUnchecked(
  seen: Footprint,
  before: Footprint | undefined,
  matrix: Matrix,
): Footprint {
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
