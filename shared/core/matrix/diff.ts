/**
 * Compares one expected entry with the entries of a keyed table. It knows nothing of networks: entries
 * have a key and a value.
 */

import { groupBy } from '../group.ts';

export interface Expected {
  readonly key: string;
  readonly value: string;
}

export interface Entry {
  readonly key: string;
  /** Undefined while the table has the key and no answer for it. */
  readonly value: string | undefined;
  /** Works, but not in the way it should be held. */
  readonly weak: boolean;
  /** The entry as its tool prints it. */
  readonly text: string;
}

/** The entries of a table by their keys. */
export type Index = ReadonlyMap<string, readonly Entry[]>;

export type Difference =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent' | 'changed' | 'weak'; readonly found: string };

export function indexEntries(entries: readonly Entry[]): Index {
  return groupBy(entries, ({ key }) => key);
}

export function compare(expected: Expected, actual: Index): Difference {
  const held = actual.get(expected.key) ?? [];
  const right = held.find(({ value }) => value === expected.value);
  if (right !== undefined) return right.weak ? { kind: 'weak', found: right.text } : NONE;
  const other = held.find(({ value }) => value !== undefined);
  return other === undefined
    ? { kind: 'absent', found: held[0]?.text ?? '' }
    : { kind: 'changed', found: other.text };
}

const NONE: Difference = { kind: 'none' };
