import type { Table } from '../../contract/causes.ts';
import type { Digest } from '../overlay/vtep.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import type { Actual, Explanation } from './explain.ts';
import type { HealthyDigests } from './healthy.ts';
import { isExpected, type Model, without } from './models.ts';

type Counts = Readonly<Record<Table, number>>;

/**
 * How many ghost entries a digest counts: its entries, less the expected ones that are there.
 */
export function ghostsBy(
  book: Codebook,
  healthy: HealthyDigests,
): (observer: string, digest: Digest, explanation: Explanation) => Counts {
  const changed = new Map<Actual, Counts>();
  return (observer, { counts, ghosts }, { model, lost, actual }) => {
    const left = without(model, lost);
    const expected = healthy(observer, left).counts;
    // An explanation that many hosts share is counted once, with the observer's own entries.
    const changes = changed.get(actual) ?? changesOf(actual, left);
    changed.set(actual, changes);
    const ownChanges = changesOf(ownOf(actual, book.byNode.get(observer) ?? []), left);
    const ghostsIn = (table: Table): number =>
      Math.max(0, counts[table] - expected[table] - changes[table] + ownChanges[table]);
    return {
      neighbour: ghostsIn('neighbour'),
      fdb: ghostsIn('fdb') + ghosts,
      route: ghostsIn('route'),
    };
  };
}

/** How many more entries there are than in the model: negative where some are absent. */
function changesOf(actual: Iterable<readonly [ExpectedEntry, number]>, model: Model): Counts {
  const changes = { neighbour: 0, fdb: 0, route: 0, direct: 0 };
  for (const [entry, weight] of actual) {
    changes[entry.wanted.table] += Math.sign(weight) - Number(isExpected(entry, model));
  }
  return changes;
}

function ownOf(
  actual: Actual,
  entries: readonly ExpectedEntry[],
): readonly (readonly [ExpectedEntry, number])[] {
  return entries.flatMap((entry) => {
    const weight = actual.get(entry);
    return weight === undefined ? [] : [[entry, weight] as const];
  });
}
