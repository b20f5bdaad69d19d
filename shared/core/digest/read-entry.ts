import type { HeldEntry } from '../overlay/entries.ts';
import { compare, type Holdings, type Index } from '../overlay/holdings.ts';
import type { ExpectedEntry } from './codebook.ts';
import { add } from './field.ts';
import { symbolOf } from './symbol.ts';

/** What an entry may hold, by its value hash. */
export type KnownValue =
  | { readonly held: 'right' }
  | {
      readonly held: 'changed' | 'weak';
      /** The entry as its tool would print it. */
      readonly text: (device: string) => string;
    };

/** What a host that was read in full holds under the key of an expected entry. */
interface ReadEntry {
  /** By how much it counts in that host's digest; 0 where there is nothing. */
  readonly valueHash: number;
  /** Undefined where there is nothing. */
  readonly value: KnownValue | undefined;
}

const NOTHING: ReadEntry = { valueHash: 0, value: undefined };

export function readEntry(entry: ExpectedEntry, holdings: Holdings): ReadEntry {
  const { wanted } = entry;
  const index = holdings[wanted.table];
  if (index === undefined) return NOTHING;
  const held = index.get(wanted.key) ?? [];
  const valueHash = held.reduce((sum, one) => add(sum, valueHashOf(one, entry)), 0);
  return { valueHash, value: valueHash === 0 ? undefined : valueIn(index, entry) };
}

/** Nearly all are as expected, and need not be reckoned again. */
function valueHashOf(held: HeldEntry, { wanted, symbol }: ExpectedEntry): number {
  return held.value === wanted.value && !held.weak
    ? symbol.valueHash
    : (symbolOf(wanted.table, held)?.valueHash ?? 0);
}

function valueIn(index: Index, { wanted }: ExpectedEntry): KnownValue | undefined {
  const { held, text } = compare(wanted, index);
  switch (held) {
    case 'right':
      return { held };
    case 'changed':
    case 'weak':
      return { held, text: () => text };
    case 'absent':
      return undefined;
  }
}
