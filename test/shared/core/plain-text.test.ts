import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascii, enumerate, printable, shorten } from '../../../shared/core/plain-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

test.for([
  ['master1', 'master1'],
  ['Knoten für München', 'Knoten für München'],
  ['\u001B[31mred\u001B[0m', '?[31mred?[0m'],
  ['two\r\nlines\tand a tab', 'two??lines?and a tab'],
  ['right\u202Eto left\u2066', 'right?to left?'],
  ['zero\u200Bwidth\uFEFF', 'zero?width?'],
  ['next\u0085line\u2028and\u2029more', 'next?line?and?more'],
] as const)('%j is shown as %j', ([text, shown]) => {
  expect(printable(text)).toBe(shown);
});

test('no control character, line break or turn of direction is ever shown', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
    { numRuns: 2000 },
  );
});

test('what is printable stays as it is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
});

test('a subject is ASCII, whatever was meant', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(ascii(text)).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

test.for([
  ['master1', 7, 'master1'],
  ['master1', 6, 'mas...'],
  ['master1', 2, '..'],
  ['master1', -1, ''],
] as const)('%s in %i characters is %s', ([text, length, short]) => {
  expect(shorten(text, length)).toBe(short);
});

test.for([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
] as const)('%j is shown as "%s"', ([names, told]) => {
  expect(enumerate(names, 3)).toBe(told);
});
