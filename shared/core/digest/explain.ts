import type { Table } from '../../contract/causes.ts';
import type { Cidr } from '../overlay/addresses.ts';
import { type Codebook, type ExpectedEntry, digestPosition } from './codebook.ts';
import type { Difference } from './decode.ts';
import { add, subtract } from './field.ts';
import type { Digest } from '../overlay/vtep.ts';
import { isExpected, type Model, SHOWN_IN } from './models.ts';
import type { Syndromes } from './syndromes.ts';
import type { Values } from './values.ts';

/** One host's digest. */
export interface Digested {
  readonly node: string;
  readonly sums: Syndromes;
  readonly counts: Digest['counts'];
  /** The tables that it could read. */
  readonly tables: ReadonlySet<Table>;
  /** Subnets in which it may reach peers directly; none where it has no direct route. */
  readonly subnets: readonly Cidr[];
}

/** The entries that are not as the model has them, with the weight that is there: 0 where nothing is. */
export type Actual = ReadonlyMap<ExpectedEntry, number>;

/** What a digest says. An entry of the observer's own VTEP, should one be named, means nothing. */
export interface Explanation {
  readonly model: Model;
  /** Tables of which nothing is left, but for what `actual` says. */
  readonly lost: ReadonlySet<Table>;
  readonly actual: Actual;
}

/** What a host perhaps holds. In how far it does not is decoded, so that a guess need only be near. */
export interface Guess {
  readonly model: Model;
  readonly lost: ReadonlySet<Table>;
  /** The digest that it would have then, less the one that it has. */
  readonly difference: Syndromes;
  /** Made only where the guess is near. */
  readonly actual: () => Actual;
}

/** What digests are explained with. */
export interface Knowledge {
  readonly book: Codebook;
  readonly valuesOf: (entry: ExpectedEntry) => Values;
}

/**
 * Puts names to differences from a guess. Undefined where a value is met that nobody knows of. The
 * observer itself has no entries for its own VTEP.
 */
export function explain(
  differences: readonly Difference[],
  { guess, observer }: { readonly guess: Guess; readonly observer: string },
  { book, valuesOf }: Knowledge,
): Explanation | undefined {
  const { model, lost } = guess;
  const actual = new Map(guess.actual());
  for (const difference of differences) {
    const entries = entriesAt(difference, book).filter(({ vtep }) => vtep.node !== observer);
    // What nobody expects is an entry for no live node: it is counted elsewhere.
    if (entries.length === 0) continue;
    const weightOf = (entry: ExpectedEntry): number => weightIn({ model, lost, actual }, entry);
    const guessed = entries.reduce((sum, entry) => add(sum, weightOf(entry)), 0);
    const weights = weightsBehind(subtract(guessed, difference.weight), entries, valuesOf);
    if (weights === undefined) return undefined;
    for (const [entry, weight] of weights) {
      actual.delete(entry);
      if (weight !== weightOf(entry)) actual.set(entry, weight);
    }
  }
  return { model, lost, actual };
}

export function entriesAt(
  difference: Difference,
  { byPosition }: Codebook,
): readonly ExpectedEntry[] {
  return byPosition.get(digestPosition(difference)) ?? [];
}

export function weightIn({ model, lost, actual }: Explanation, entry: ExpectedEntry): number {
  const isThere = isExpected(entry, model) && !lost.has(SHOWN_IN[entry.wanted.table]);
  return actual.get(entry) ?? (isThere ? entry.symbol.weight : 0);
}

/**
 * What the entries of one place hold, so that together they weigh `wanted`. Nearly always there is one
 * entry. More than one solution is as good as none.
 */
function weightsBehind(
  wanted: number,
  entries: readonly ExpectedEntry[],
  valuesOf: Knowledge['valuesOf'],
): readonly (readonly [ExpectedEntry, number])[] | undefined {
  const byKey = [...Map.groupBy(entries, ({ name }) => name).values()];
  const choices = byKey.map((alike) => [
    ...new Set([0, ...alike.flatMap((entry) => [...valuesOf(entry).keys()])]),
  ]);
  const [only, ...others] = waysTo(wanted, choices);
  if (only === undefined || others.length > 0) return undefined;
  return byKey.flatMap((alike, at) => alike.map((entry) => [entry, only[at] ?? 0] as const));
}

/** Every way to take one number of each list so that they add up to `wanted`. */
function waysTo(
  wanted: number,
  [first, ...others]: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  if (first === undefined) return wanted === 0 ? [[]] : [];
  return first.flatMap((number) =>
    waysTo(subtract(wanted, number), others).map((rest) => [number, ...rest]),
  );
}
