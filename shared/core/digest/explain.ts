import type { Table } from '../../contract/causes.ts';
import type { Cidr } from '../overlay/addresses.ts';
import { type Codebook, type ExpectedEntry, digestPosition } from './codebook.ts';
import type { Difference } from './decode.ts';
import { add, subtract } from './field.ts';
import type { Digest } from '../overlay/vtep.ts';
import { isExpected, type Model, SHOWN_IN } from './models.ts';
import type { Syndromes } from './syndromes.ts';
import type { KnownValues } from './values.ts';

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

/** A host has one underlay address a family; the subnets of one that claims more are of no use. */
const SUBNETS = 4;

export function digestedBy(node: string, { subnets, ...digest }: Digest): Digested {
  const isDirect = digest.counts.direct > 0 && subnets.length <= SUBNETS;
  return { ...digest, node, subnets: isDirect ? subnets : [] };
}

/** The entries that are not as the model has them, with the value hash that is there: 0 where nothing is. */
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
  readonly valuesOf: (entry: ExpectedEntry) => KnownValues;
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
    const valueHashOf = (entry: ExpectedEntry): number =>
      valueHashIn({ model, lost, actual }, entry);
    const guessed = entries.reduce((sum, entry) => add(sum, valueHashOf(entry)), 0);
    const hashes = hashesBehind(subtract(guessed, difference.valueHash), entries, valuesOf);
    if (hashes === undefined) return undefined;
    for (const [entry, valueHash] of hashes) {
      actual.delete(entry);
      if (valueHash !== valueHashOf(entry)) actual.set(entry, valueHash);
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

export function valueHashIn({ model, lost, actual }: Explanation, entry: ExpectedEntry): number {
  const isThere = isExpected(entry, model) && !lost.has(SHOWN_IN[entry.wanted.table]);
  return actual.get(entry) ?? (isThere ? entry.symbol.valueHash : 0);
}

/**
 * The value hashes of the entries at one position, of which `wanted` is the sum. Nearly always there is
 * one entry. More than one solution is as good as none.
 */
function hashesBehind(
  wanted: number,
  entries: readonly ExpectedEntry[],
  valuesOf: Knowledge['valuesOf'],
): readonly (readonly [ExpectedEntry, number])[] | undefined {
  const byKey = [...Map.groupBy(entries, ({ name }) => name).values()];
  const choices = byKey.map((alike) => [
    ...new Set([0, ...alike.flatMap((entry) => [...valuesOf(entry).keys()])]),
  ]);
  const [only, ...others] = sumsTo(wanted, choices);
  if (only === undefined || others.length > 0) return undefined;
  return byKey.flatMap((alike, at) => alike.map((entry) => [entry, only[at] ?? 0] as const));
}

/** Every way to take one number of each list so that they add up to `wanted`. */
function sumsTo(
  wanted: number,
  [first, ...others]: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  if (first === undefined) return wanted === 0 ? [[]] : [];
  return first.flatMap((number) =>
    sumsTo(subtract(wanted, number), others).map((rest) => [number, ...rest]),
  );
}
