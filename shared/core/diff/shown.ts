import type { Table } from '../../contract/causes.ts';
import type { Tables } from '../overlay.ts';

/** Which tables a host showed. */
export function shownBy({ neighbours, fdb, routes }: Tables): ReadonlySet<Table> {
  const shown: Table[] = [];
  if (neighbours !== undefined) shown.push('neighbour');
  if (fdb !== undefined) shown.push('fdb');
  if (routes !== undefined) shown.push('route');
  return new Set(shown);
}
