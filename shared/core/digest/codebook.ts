import { BUCKETS, type DigestTable } from '../../contract/digest.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { entriesOf, type WantedEntry } from '../overlay/entries.ts';
import type { Profile } from '../overlay/profile.ts';
import { type Symbol, symbolOf } from './symbol.ts';

/** One entry that peers may be expected to hold for a VTEP. */
export interface ExpectedEntry {
  readonly vtep: Vtep;
  readonly wanted: WantedEntry;
  /** Table and key: two VTEPs that share an address share an entry, and only one can be held. */
  readonly name: string;
  readonly symbol: Symbol;
}

/**
 * The entries of all VTEPs, with their positions in a digest. One with a masked MAC has no position: what
 * peers hold for it is then an entry that nobody expects.
 */
export interface Codebook {
  readonly entries: readonly ExpectedEntry[];
  readonly names: ReadonlySet<string>;
  readonly byVtep: ReadonlyMap<Vtep, readonly ExpectedEntry[]>;
  readonly byNode: ReadonlyMap<string, readonly ExpectedEntry[]>;
  /** By `digestPosition` a symbol; two entries at one position are rare. */
  readonly byPosition: ReadonlyMap<number, readonly ExpectedEntry[]>;
  /** For each bucket, the locators that may be met there. */
  readonly locators: readonly (readonly number[])[];
}

/** Locators have 23 bits. */
const POSITIONS = 2 ** 23;

export function digestPosition({ bucket, locator }: Pick<Symbol, 'bucket' | 'locator'>): number {
  return bucket * POSITIONS + locator;
}

export function codebookOf(vteps: readonly Vtep[], profile: Profile): Codebook {
  const byVtep = new Map(vteps.map((vtep) => [vtep, expectedOf(vtep, profile)]));
  const entries = [...byVtep.values()].flat();
  const byNode = new Map<string, ExpectedEntry[]>();
  const byPosition = new Map<number, ExpectedEntry[]>();
  const locators = Array.from({ length: BUCKETS }, () => new Set<number>());
  for (const entry of entries) {
    append(byNode, entry.vtep.node, entry);
    append(byPosition, digestPosition(entry.symbol), entry);
    locators[entry.symbol.bucket]?.add(entry.symbol.locator);
  }
  return {
    entries,
    names: new Set(entries.map(({ name }) => name)),
    byVtep,
    byNode,
    byPosition,
    locators: locators.map((some) => [...some]),
  };
}

function append<K>(map: Map<K, ExpectedEntry[]>, key: K, entry: ExpectedEntry): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}

function expectedOf(vtep: Vtep, profile: Profile): readonly ExpectedEntry[] {
  const expected: ExpectedEntry[] = [];
  const expect = (wanted: WantedEntry): void => {
    const { table, key } = wanted;
    const symbol = symbolOf(table, wanted);
    if (symbol !== undefined) expected.push({ vtep, wanted, name: nameOf(table, key), symbol });
  };
  entriesOf(vtep, 'overlay', profile).forEach(expect);
  entriesOf(vtep, 'direct', profile).forEach(expect);
  return expected;
}

/** The name by which an entry stands in a codebook. */
export function nameOf(table: DigestTable, key: string): string {
  return `${table} ${key}`;
}
