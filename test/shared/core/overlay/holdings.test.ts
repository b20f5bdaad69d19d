import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupBy } from '../../../../shared/core/group.ts';
import type { HeldEntry } from '../../../../shared/core/overlay/entries.ts';
import { compare, type Index } from '../../../../shared/core/overlay/holdings.ts';

/** `k=v`: an entry; `k=v~`: a weak one; `k=`: a key for which the table has no answer. */
function entryOf(text: string): HeldEntry {
  const [key = '', value = ''] = text.replace('~', '').split('=');
  return { key, value: value === '' ? undefined : value, weak: text.endsWith('~'), text };
}

function indexOf(entries: readonly HeldEntry[]): Index {
  return groupBy(entries, ({ key }) => key);
}

/** `absent`, `changed k=w`: what `compare` says, with the entry that was found. */
function story(expected: string, held: readonly string[]): string {
  const [key = '', value = ''] = expected.split('=');
  const found = compare({ key, value }, indexOf(held.map(entryOf)));
  return `${found.held} ${found.text}`.trim();
}

describe('compare', () => {
  test.for([
    ['a=1', ['a=1', 'b=2'], 'right', 'what is held as expected'],
    ['a=1', ['b=2'], 'absent', 'a key that is not there'],
    ['a=1', [], 'absent', 'an empty table'],
    ['a=1', ['a='], 'absent a=', 'a key without an answer'],
    ['a=1', ['a=2'], 'changed a=2', 'another value'],
    ['a=1', ['a=1~'], 'weak a=1~', 'the right value, weakly'],
    ['a=1', ['a=2~'], 'changed a=2~', 'another value, weakly'],
    ['a=1', ['a=2', 'a=1'], 'right', 'one right value among several'],
    ['a=1', ['a=', 'a=1'], 'right', 'an answer beside a question'],
  ] as const)('of %s in %j: %s (%s)', ([expected, held, said]) => {
    expect(story(expected, held)).toBe(said);
  });

  test('finds exactly the differences that were made, and no other', () => {
    const damage = fc.constantFrom('right', 'absent', 'unanswered', 'changed', 'weak');
    const table = fc.uniqueArray(fc.tuple(fc.string(), fc.string({ minLength: 1 }), damage), {
      selector: ([key]) => key,
      maxLength: 40,
    });
    fc.assert(
      fc.property(table, fc.array(fc.tuple(fc.string(), fc.string())), (rows, strangers) => {
        const held = rows.flatMap(([key, value, done]): HeldEntry[] => {
          const entry = { key, value, weak: false, text: `${key} ${value}` };
          switch (done) {
            case 'right':
              return [entry];
            case 'absent':
              return [];
            case 'unanswered':
              return [{ ...entry, value: undefined }];
            case 'changed':
              return [{ ...entry, value: `${value}!` }];
            case 'weak':
              return [{ ...entry, weak: true }];
          }
        });
        const keys = new Set(rows.map(([key]) => key));
        const others = strangers
          .filter(([key]) => !keys.has(key))
          .map(([key, value]) => ({ key, value, weak: false, text: '' }));
        const index = indexOf([...held, ...others]);
        expect(rows.map(([key, value]) => compare({ key, value }, index).held)).toEqual(
          rows.map(([, , done]) => (done === 'unanswered' ? 'absent' : done)),
        );
      }),
    );
  });
});
