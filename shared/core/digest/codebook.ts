import { BUCKETS, type DigestTable } from '../../contract/digest.ts';
import { isMacAddress } from '../addresses.ts';
import type { Vtep } from '../overlay.ts';
import { fdbSymbol, neighbourSymbol, routeSymbol, type Symbol } from './symbol.ts';

/** One entry that peers may be expected to hold for a VTEP. */
export interface ExpectedEntry {
  readonly vtep: Vtep;
  readonly table: DigestTable;
  /** Table and key: two VTEPs that share an address share an entry, and only one can be held. */
  readonly key: string;
  readonly symbol: Symbol;
}

/**
 * The entries of all VTEPs, with their places in a digest. What is not known of a VTEP, a masked MAC
 * for one, makes no entry: what peers hold for it is then an entry that nobody expects.
 */
export interface Codebook {
  readonly entries: readonly ExpectedEntry[];
  readonly keys: ReadonlySet<string>;
  readonly byVtep: ReadonlyMap<Vtep, readonly ExpectedEntry[]>;
  readonly byNode: ReadonlyMap<string, readonly ExpectedEntry[]>;
  /** By `placeOf` a symbol; two entries in one place are rare. */
  readonly byPlace: ReadonlyMap<number, readonly ExpectedEntry[]>;
  /** For each bucket, the locators that may be met there. */
  readonly locators: readonly (readonly number[])[];
}

/** Locators have 23 bits. */
const PLACES = 2 ** 23;

export function placeOf({ bucket, locator }: Pick<Symbol, 'bucket' | 'locator'>): number {
  return bucket * PLACES + locator;
}

export function codebookOf(vteps: readonly Vtep[]): Codebook {
  const byVtep = new Map(vteps.map((vtep) => [vtep, entriesOf(vtep)]));
  const entries = [...byVtep.values()].flat();
  const byNode = new Map<string, ExpectedEntry[]>();
  const byPlace = new Map<number, ExpectedEntry[]>();
  const locators = Array.from({ length: BUCKETS }, () => new Set<number>());
  for (const entry of entries) {
    append(byNode, entry.vtep.node, entry);
    append(byPlace, placeOf(entry.symbol), entry);
    locators[entry.symbol.bucket]?.add(entry.symbol.locator);
  }
  return {
    entries,
    keys: new Set(entries.map(({ key }) => key)),
    byVtep,
    byNode,
    byPlace,
    locators: locators.map((some) => [...some]),
  };
}

function append<K>(map: Map<K, ExpectedEntry[]>, key: K, entry: ExpectedEntry): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}

function entriesOf(vtep: Vtep): readonly ExpectedEntry[] {
  const { tunnelIp, mac: token, underlayIp, podCidr } = vtep;
  const mac = token !== undefined && isMacAddress(token) ? token : undefined;
  const entries: ExpectedEntry[] = [];
  const expect = (table: DigestTable, key: string, symbol: Symbol): void => {
    entries.push({ vtep, table, key: `${table} ${key}`, symbol });
  };
  if (tunnelIp !== undefined && mac !== undefined) {
    expect('neighbour', tunnelIp, neighbourSymbol(tunnelIp, mac, true));
  }
  if (mac !== undefined && underlayIp !== undefined) {
    expect('fdb', mac, fdbSymbol(mac, underlayIp));
  }
  if (podCidr !== undefined && tunnelIp !== undefined) {
    expect('route', podCidr, routeSymbol('route', podCidr, tunnelIp));
  }
  if (podCidr !== undefined && underlayIp !== undefined) {
    expect('direct', podCidr, routeSymbol('direct', podCidr, underlayIp));
  }
  return entries;
}
