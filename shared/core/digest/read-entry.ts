import type { Holdings } from '../diff/cells.ts';
import { compare, type Entry, type Index } from '../diff/diff.ts';
import { type Cidr, type IpAddress, isMacAddress, parseIp } from '../addresses.ts';
import type { ExpectedEntry } from './codebook.ts';
import { add } from './field.ts';
import { fdbSymbol, neighbourSymbol, routeSymbol, type Symbol } from './symbol.ts';
import type { Value } from './values.ts';

/** What a host that was read in full holds under the key of an expected entry. */
export interface ReadEntry {
  /** By how much it counts in that host's digest; 0 where there is nothing. */
  readonly weight: number;
  /** Undefined where there is nothing. */
  readonly value: Value | undefined;
}

const NOTHING: ReadEntry = { weight: 0, value: undefined };

export function readEntry(entry: ExpectedEntry, holdings: Holdings): ReadEntry {
  const index = holdings[entry.table];
  const { key, value, symbolOf } = lookUp(entry);
  if (index === undefined || key === undefined) return NOTHING;
  const held = index.byKey.get(key) ?? [];
  const weight = held.reduce((sum, one) => add(sum, symbolOf(one)?.weight ?? 0), 0);
  return { weight, value: weight === 0 ? undefined : valueIn(index, { key, value }) };
}

function valueIn(
  index: Index,
  expected: { readonly key: string; readonly value: string | undefined },
): Value | undefined {
  const difference = compare(expected, index);
  switch (difference.kind) {
    case 'none':
      return { held: 'right', text: () => index.byKey.get(expected.key)?.[0]?.text ?? '' };
    case 'changed':
    case 'weak':
      return { held: difference.kind, text: () => difference.found };
    case 'absent':
    case 'unknown':
      return undefined;
  }
}

interface LookUp {
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly symbolOf: (held: Entry) => Symbol | undefined;
}

function lookUp({ vtep, table }: ExpectedEntry): LookUp {
  const { tunnelIp, mac, underlayIp, podCidr } = vtep;
  switch (table) {
    case 'neighbour':
      return { key: tunnelIp, value: mac, symbolOf: (held) => neighbourOf(tunnelIp, held) };
    case 'fdb':
      return { key: mac, value: underlayIp, symbolOf: (held) => fdbOf(mac, held) };
    case 'route':
      return { key: podCidr, value: tunnelIp, symbolOf: (held) => routeOf('route', podCidr, held) };
    case 'direct':
      return {
        key: podCidr,
        value: underlayIp,
        symbolOf: (held) => routeOf('direct', podCidr, held),
      };
  }
}

function neighbourOf(ip: IpAddress | undefined, { value, weak }: Entry): Symbol | undefined {
  return ip === undefined || value === undefined || !isMacAddress(value)
    ? undefined
    : neighbourSymbol(ip, value, !weak);
}

function fdbOf(mac: string | undefined, { value }: Entry): Symbol | undefined {
  const destination = parseIp(value ?? '');
  return mac === undefined || destination === undefined ? undefined : fdbSymbol(mac, destination);
}

function routeOf(
  table: 'route' | 'direct',
  destination: Cidr | undefined,
  { value }: Entry,
): Symbol | undefined {
  const gateway = parseIp(value ?? '');
  return destination === undefined || gateway === undefined
    ? undefined
    : routeSymbol(table, destination, gateway);
}
