import type { Table } from '../../contract/causes.ts';
import type { Digest } from '../overlay/vtep.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import type { Actual, Explanation } from './explain.ts';
import type { HealthyDigests } from './healthy.ts';
import { isExpected, type Model, without } from './models.ts';

type Counts = Readonly<Record<Table, number>>;

/**
 * How many entries of a digest are for no live node: those that it counts, less those that somebody
 * expects and that are there.
 */
export function strangersBy(
  book: Codebook,
  healthy: HealthyDigests,
): (observer: string, digest: Digest, explanation: Explanation) => Counts {
  const changed = new Map<Actual, Counts>();
  return (observer, { counts, ghosts }, { model, lost, actual }) => {
    const left = without(model, lost);
    const expected = healthy(observer, left).counts;
    // Explanations that many hosts share are counted once, the observer's own entries included.
    const changes = changed.get(actual) ?? changesOf(actual, left);
    changed.set(actual, changes);
    const ownChanges = changesOf(ownOf(actual, book.byNode.get(observer) ?? []), left);
    const strangers = (table: Table): number =>
      Math.max(0, counts[table] - expected[table] - changes[table] + ownChanges[table]);
    return {
      neighbour: strangers('neighbour'),
      fdb: strangers('fdb') + ghosts,
      route: strangers('route'),
    };
  };
}

/** How many more entries there are than the model has: fewer than none where some are absent. */
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
