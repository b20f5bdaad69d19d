import type { Holdings } from '../diff/cells.ts';
import { compare, type Entry, type Index } from '../diff/diff.ts';
import type { ExpectedEntry } from './codebook.ts';
import { add } from './field.ts';
import { heldSymbol } from './held-symbol.ts';
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
  const expected = lookUp(entry);
  if (index === undefined || expected.key === undefined) return NOTHING;
  const held = index.byKey.get(expected.key) ?? [];
  const weight = held.reduce((sum, one) => add(sum, weightOf(one, entry, expected.value)), 0);
  return { weight, value: weight === 0 ? undefined : valueIn(index, expected) };
}

/** Nearly all are as expected, and need not be reckoned again. */
function weightOf(
  held: Entry,
  { table, symbol }: ExpectedEntry,
  value: string | undefined,
): number {
  return held.value === value && !held.weak
    ? symbol.weight
    : (heldSymbol(table, held)?.weight ?? 0);
}

function valueIn(index: Index, expected: LookUp): Value | undefined {
  const difference = compare(expected, index);
  switch (difference.kind) {
    case 'none':
      return { held: 'right', text: () => index.byKey.get(expected.key ?? '')?.[0]?.text ?? '' };
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
}

function lookUp({ vtep, table }: ExpectedEntry): LookUp {
  const { tunnelIp, mac, underlayIp, podCidr } = vtep;
  switch (table) {
    case 'neighbour':
      return { key: tunnelIp, value: mac };
    case 'fdb':
      return { key: mac, value: underlayIp };
    case 'route':
      return { key: podCidr, value: tunnelIp };
    case 'direct':
      return { key: podCidr, value: underlayIp };
  }
}
