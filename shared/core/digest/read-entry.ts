import type { HeldEntry } from '../overlay/entries.ts';
import { compare, type Holdings, type Index } from '../overlay/holdings.ts';
import type { ExpectedEntry } from './codebook.ts';
import { add } from './field.ts';
import { symbolOf } from './symbol.ts';

/** What an entry may hold, by its value hash. */
export type Value =
  | { readonly held: 'right' }
  | {
      readonly held: 'changed' | 'weak';
      /** The entry as its tool would print it. */
      readonly text: (device: string) => string;
    };

/** What a host that was read in full holds under the key of an expected entry. */
interface ReadEntry {
  /** By how much it counts in that host's digest; 0 where there is nothing. */
  readonly weight: number;
  /** Undefined where there is nothing. */
  readonly value: Value | undefined;
}

const NOTHING: ReadEntry = { weight: 0, value: undefined };

export function readEntry(entry: ExpectedEntry, holdings: Holdings): ReadEntry {
  const { wanted } = entry;
  const index = holdings[wanted.table];
  if (index === undefined) return NOTHING;
  const held = index.get(wanted.key) ?? [];
  const weight = held.reduce((sum, one) => add(sum, weightOf(one, entry)), 0);
  return { weight, value: weight === 0 ? undefined : valueIn(index, entry) };
}

/** Nearly all are as expected, and need not be reckoned again. */
function weightOf(held: HeldEntry, { wanted, symbol }: ExpectedEntry): number {
  return held.value === wanted.value && !held.weak
    ? symbol.weight
    : (symbolOf(wanted.table, held)?.weight ?? 0);
}

function valueIn(index: Index, { wanted }: ExpectedEntry): Value | undefined {
  const difference = compare(wanted, index);
  switch (difference.kind) {
    case 'none':
      return { held: 'right' };
    case 'changed':
    case 'weak':
      return { held: difference.kind, text: () => difference.found };
    case 'absent':
      return undefined;
  }
}
