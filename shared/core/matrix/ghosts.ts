/**
 * Counts ghosts: entries for no live node. flannel leaves some behind when a node goes while it is not
 * running, and before 0.24.1 one FDB entry at each reboot of a peer.
 *
 * A ghost has a key that is none of the keys under which the observer must hold other nodes. An entry
 * with such a key and another value is no ghost, but a wrong entry of that node. In a table in which
 * entries do not follow from VTEPs, as Calico's routes do not, no entry is known for a ghost.
 */
import type { Table } from '../../contract/causes.ts';
import type { Codebook, ExpectedEntry } from '../digest/codebook.ts';
import type { Actual, Explanation } from '../digest/explain.ts';
import type { HealthyDigests } from '../digest/healthy.ts';
import { isExpected, type Model, without } from '../digest/models.ts';
import { groupBy } from '../group.ts';
import { keysOf, tablesOf } from '../overlay/entries.ts';
import type { Holdings } from '../overlay/holdings.ts';
import type { Profile } from '../overlay/profile.ts';
import type { Digest, Vtep } from '../overlay/vtep.ts';

type Counts = Readonly<Record<Table, number>>;

/** The counts of `countIn` in the tables in which a ghost can be known. */
function countsOf(profile: Profile, countIn: (table: Table) => number): Counts {
  const counts = { neighbour: 0, fdb: 0, route: 0 };
  for (const table of tablesOf(profile)) counts[table] = countIn(table);
  return counts;
}

/** The ghosts among the entries of one observer. */
export function ghostsInTables(
  vteps: readonly Vtep[],
  profile: Profile,
): (observer: string, holdings: readonly Holdings[]) => Counts {
  const live = liveKeys(vteps);
  return (observer, holdings) => {
    const isGhost = (table: Table, key: string): boolean =>
      live[table].get(key)?.some((node) => node !== observer) !== true;
    const ghostsIn = (held: Holdings, table: Table): number =>
      [...(held[table] ?? [])]
        .filter(([key]) => isGhost(table, key))
        // The kernel's own attempts to resolve an address are not entries that anybody made.
        .flatMap(([, entries]) => entries.filter(({ value }) => value !== undefined)).length;
    return countsOf(profile, (table) =>
      holdings.reduce((sum, held) => sum + ghostsIn(held, table), 0),
    );
  };
}

/** The nodes that are held under each key. */
type LiveKeys = Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;

function liveKeys(vteps: readonly Vtep[]): LiveKeys {
  const nodesBy = (table: Table): ReadonlyMap<string, readonly string[]> => {
    const keyed = vteps.flatMap((vtep) => {
      const key = keysOf(vtep)[table];
      return key === undefined ? [] : [{ key, node: vtep.node }];
    });
    return new Map(
      [...groupBy(keyed, ({ key }) => key)].map(([key, all]) => [key, all.map(({ node }) => node)]),
    );
  };
  return { neighbour: nodesBy('neighbour'), fdb: nodesBy('fdb'), route: nodesBy('route') };
}

/** The ghosts that a digest counts: its entries, less the expected ones that are there. */
export function ghostsInDigest(
  book: Codebook,
  healthy: HealthyDigests,
  profile: Profile,
): (observer: string, digest: Digest, explanation: Explanation) => Counts {
  const changed = new Map<Actual, Counts>();
  return (observer, { counts, ghosts }, { model, lost, actual }) => {
    const left = without(model, lost);
    const expected = healthy(observer, left).counts;
    // An explanation that many hosts share is counted once, with the observer's own entries.
    const changes = changed.get(actual) ?? changesOf(actual, left);
    changed.set(actual, changes);
    const ownChanges = changesOf(ownOf(actual, book.byNode.get(observer) ?? []), left);
    const unsummed: Counts = { neighbour: 0, fdb: ghosts, route: 0 };
    return countsOf(
      profile,
      (table) =>
        Math.max(0, counts[table] - expected[table] - changes[table] + ownChanges[table]) +
        unsummed[table],
    );
  };
}

/** How many more entries there are than in the model: negative where some are absent. */
function changesOf(actual: Iterable<readonly [ExpectedEntry, number]>, model: Model): Counts {
  const changes = { neighbour: 0, fdb: 0, route: 0, direct: 0 };
  for (const [entry, valueHash] of actual) {
    changes[entry.wanted.table] += Math.sign(valueHash) - Number(isExpected(entry, model));
  }
  return changes;
}

function ownOf(
  actual: Actual,
  entries: readonly ExpectedEntry[],
): readonly (readonly [ExpectedEntry, number])[] {
  return entries.flatMap((entry) => {
    const valueHash = actual.get(entry);
    return valueHash === undefined ? [] : [[entry, valueHash] as const];
  });
}
