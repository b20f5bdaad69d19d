/**
 * Compares one expected entry with the entries of a keyed table. It knows nothing of networks:
 * entries have a key and a value, and either may be unknown to whoever expects them.
 */

import { groupBy } from '../group.ts';

export interface Expected {
  readonly key: string | undefined;
  readonly value: string | undefined;
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

export interface Index {
  readonly byKey: ReadonlyMap<string, readonly Entry[]>;
  /** The first entry with this value, whatever its key. */
  firstWith(value: string): Entry | undefined;
}

export type Difference =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent'; readonly found: string }
  | { readonly kind: 'changed'; readonly found: string; readonly value: string }
  | { readonly kind: 'weak'; readonly found: string }
  /** Too little is known of the expected entry to look for it. */
  | { readonly kind: 'unknown' };

export function indexEntries(entries: readonly Entry[]): Index {
  return {
    byKey: groupBy(entries, ({ key }) => key),
    firstWith: (wanted) => entries.find(({ value }) => value === wanted),
  };
}

export function compare(expected: Expected, actual: Index): Difference {
  if (expected.key === undefined) return compareByValue(expected.value, actual);
  const held = actual.byKey.get(expected.key) ?? [];
  const answered = held.filter(({ value }) => value !== undefined);
  const right = answered.find(
    ({ value }) => expected.value === undefined || value === expected.value,
  );
  if (right !== undefined) return judge(right);
  const [other] = answered;
  return other?.value === undefined
    ? { kind: 'absent', found: held[0]?.text ?? '' }
    : { kind: 'changed', found: other.text, value: other.value };
}

/** Without its key, an entry is right where any entry has its value. */
function compareByValue(value: string | undefined, actual: Index): Difference {
  if (value === undefined) return { kind: 'unknown' };
  const right = actual.firstWith(value);
  return right === undefined ? { kind: 'absent', found: '' } : judge(right);
}

function judge(entry: Entry): Difference {
  return entry.weak ? { kind: 'weak', found: entry.text } : { kind: 'none' };
}
