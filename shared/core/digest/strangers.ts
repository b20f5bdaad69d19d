import { TABLES, type Table } from '../../contract/causes.ts';
import type { Digest } from '../overlay.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import { type Explanation, weightIn } from './explain.ts';
import { isExpected, type Model } from './healthy.ts';

type Counts = Readonly<Record<Table, number>>;

/**
 * How many entries of a digest are for no live node: those that it counts, less those that somebody
 * expects and that are there.
 */
export function strangersBy(
  book: Codebook,
): (observer: string, digest: Digest, explanation: Explanation) => Counts {
  const everybody = new Map<string, Counts>();
  return (observer, { counts, orphans }, { model, actual }) => {
    const key = `${model.subnet ?? ''} ${[...model.tables].join(' ')}`;
    const all = everybody.get(key) ?? countsOf(book.entries, model);
    everybody.set(key, all);
    const own = countsOf(book.byNode.get(observer) ?? [], model);
    const changes = changesOf(actual, model);
    const strangers = (table: Table): number =>
      Math.max(0, counts[table] - all[table] + own[table] - changes[table]);
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
function changesOf(actual: Explanation['actual'], model: Model): Counts {
  const NONE = new Map<ExpectedEntry, number>();
  const change = ([entry, weight]: readonly [ExpectedEntry, number]): number =>
    Math.sign(weight) - Math.sign(weightIn(model, NONE, entry));
  return byTable((table) =>
    [...actual]
      .filter(([entry]) => entry.table === table)
      .reduce((sum, one) => sum + change(one), 0),
  );
}

function byTable(count: (table: Table) => number): Counts {
  const [neighbour = 0, fdb = 0, route = 0] = TABLES.map(count);
  return { neighbour, fdb, route };
}
