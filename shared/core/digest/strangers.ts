import { TABLES, type Table } from '../../contract/causes.ts';
import type { Digest } from '../overlay.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import type { Explanation } from './explain.ts';
import { isExpected, type Model, nameOf } from './healthy.ts';

type Counts = Readonly<Record<Table, number>>;

/**
 * How many entries of a digest are for no live node: those that it counts, less those that somebody
 * expects and that are there.
 */
export function strangersBy(
  book: Codebook,
): (observer: string, digest: Digest, explanation: Explanation) => Counts {
  const everybody = new Map<string, Counts>();
  const changed = new Map<Explanation['actual'], Counts>();
  return (observer, { counts, orphans }, { model, lost, actual }) => {
    const left = { ...model, tables: model.tables.difference(lost) };
    const key = nameOf(left);
    const all = everybody.get(key) ?? countsOf(book.entries, left);
    everybody.set(key, all);
    const own = countsOf(book.byNode.get(observer) ?? [], left);
    // Explanations that many hosts share are counted once, the observer's own entries included.
    const changes = changed.get(actual) ?? changesOf(actual, left);
    changed.set(actual, changes);
    const ownChanges = changesOf(ownOf(actual, book.byNode.get(observer) ?? []), left);
    const strangers = (table: Table): number =>
      Math.max(0, counts[table] - all[table] + own[table] - changes[table] + ownChanges[table]);
    return {
      neighbour: strangers('neighbour'),
      fdb: strangers('fdb') + orphans,
      route: strangers('route'),
    };
  };
}

function countsOf(entries: readonly ExpectedEntry[], model: Model): Counts {
  const expected = entries.filter((entry) => isExpected(entry, model));
  return byTable((table) => expected.filter((entry) => entry.table === table).length);
}

/** How many more entries there are than the model has: fewer than none where some are absent. */
function changesOf(actual: Iterable<readonly [ExpectedEntry, number]>, model: Model): Counts {
  const changes = { neighbour: 0, fdb: 0, route: 0, direct: 0 };
  for (const [entry, weight] of actual) {
    changes[entry.table] += Math.sign(weight) - Number(isExpected(entry, model));
  }
  return changes;
}

function ownOf(
  actual: Explanation['actual'],
  entries: readonly ExpectedEntry[],
): readonly (readonly [ExpectedEntry, number])[] {
  return entries.flatMap((entry) => {
    const weight = actual.get(entry);
    return weight === undefined ? [] : [[entry, weight] as const];
  });
}

function byTable(count: (table: Table) => number): Counts {
  const [neighbour = 0, fdb = 0, route = 0] = TABLES.map(count);
  return { neighbour, fdb, route };
}
