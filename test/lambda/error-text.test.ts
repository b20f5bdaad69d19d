import { expect, test } from 'vitest';
import { errorText } from '../../lambda/error-text.ts';

test('an error is told with what it came from, on one line', () => {
  const cause = new TypeError('fetch\n  failed', { cause: new Error('connect ECONNREFUSED') });
  expect(errorText(new Error('listing the nodes', { cause }))).toBe(
    'listing the nodes: TypeError: fetch failed: connect ECONNREFUSED',
  );
});

test('at most four errors are told, also where one is its own cause', () => {
  const circle = new Error('round');
  circle.cause = circle;
  expect(errorText(circle)).toBe('round: round: round: round');
});

test('a server that sends a book as its message is cut short', () => {
  const said = errorText(new Error('listing', { cause: new Error('x'.repeat(1e6)) }));
  expect(said).toMatch(/^listing: x{300}\.\.\.$/);
});

test.for([
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [{ code: 7 }, '[object Object]'],
  ['two\nlines', 'two lines'],
] as const)('what is thrown and is no error: %o', ([thrown, said]) => {
  expect(errorText(thrown)).toBe(said);
});

test('a cause that is no error is left out', () => {
  expect(errorText(new Error('reading', { cause: 'a text' }))).toBe('reading');
});
