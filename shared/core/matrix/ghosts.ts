import { type Table, TABLES } from '../../contract/causes.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { keysOf } from '../overlay/entries.ts';
import type { HeldEntry } from '../overlay/entries.ts';
import type { Holdings, Index } from '../overlay/holdings.ts';

/** The keys of all live nodes, table by table. */
export type LiveKeys = Readonly<Record<Table, ReadonlySet<string>>>;

export function liveKeys(vteps: readonly Vtep[]): LiveKeys {
  const keys = { neighbour: new Set<string>(), fdb: new Set<string>(), route: new Set<string>() };
  for (const vtep of vteps) {
    const own = keysOf(vtep);
    for (const table of TABLES) {
      const key = own[table];
      if (key !== undefined) keys[table].add(key);
    }
  }
  return keys;
}

/**
 * How many entries of an observer are for no live node. flannel leaves some behind when a node goes
 * while it is not looking, and before 0.24.1 one FDB entry at each reboot of a peer.
 */
export function ghostsOf(
  holdings: readonly Holdings[],
  live: LiveKeys,
): Readonly<Record<Table, number>> {
  const count = (table: Table, isGhost: (entry: HeldEntry) => boolean): number =>
    holdings.reduce((sum, held) => sum + entriesIn(held[table]).filter(isGhost).length, 0);
  return {
    // The kernel's own attempts to resolve an address are not entries that anybody made.
    neighbour: count(
      'neighbour',
      ({ key, value }) => value !== undefined && !live.neighbour.has(key),
    ),
    fdb: count('fdb', ({ key }) => !live.fdb.has(key)),
    // A route leads to a neighbour, and is a ghost where that one is: Calico's have keys of their own.
    route: count('route', ({ value }) => value === undefined || !live.neighbour.has(value)),
  };
}

function entriesIn(index: Index | undefined): readonly HeldEntry[] {
  return [...(index?.values() ?? [])].flat();
}
