import type { Matrix, Row } from '../diff/matrix.ts';
import type { Footprint } from './incident.ts';

/**
 * What a run without a finding says of an incident. `unknown` means that the run could not look,
 * which is neither sick nor well: it neither opens nor resolves anything.
 */
export type Sighting = 'absent' | 'unknown';

/** Nodes that left the cluster drop out; of all others every bad cell must have been judged. */
export function sightingOf(footprint: Footprint, matrix: Matrix): Sighting {
  // A run that knows of no node at all has lost its sources, and the cluster has not lost its nodes.
  if (matrix.nodes.length === 0) return 'unknown';
  const nodes = new Set(matrix.nodes);
  const observers = footprint.observers.filter((observer) => nodes.has(observer));
  const subjects = footprint.subjects.filter((subject) => nodes.has(subject));
  const looked =
    observers.every((observer) => shows(matrix.rows.get(observer), footprint)) &&
    subjects.every((subject) => matrix.subjects.has(subject));
  return looked ? 'absent' : 'unknown';
}

function shows(row: Row | undefined, { tables }: Footprint): boolean {
  return row?.devices !== undefined && tables.every((table) => row.shown.has(table));
}
