import { describe, expect, test } from 'vitest';
import { sidesOf } from '../../../../shared/core/matrix/sides.ts';

/** Who holds nothing of whom: `ab` of a string is the nodes a and b. */
function unheld(rows: Readonly<Record<string, string>>) {
  return new Map(Object.entries(rows).map(([node, lost]) => [node, new Set(lost)]));
}

describe('a cluster has fallen apart', () => {
  test('where two groups hold nothing of each other', () => {
    expect(sidesOf(unheld({ a: 'cd', b: 'cd', c: 'ab', d: 'ab' }))).toEqual({
      one: ['a', 'b'],
      other: ['c', 'd'],
    });
  });

  test('the larger side first, and silent nodes on the side of who holds them', () => {
    expect(sidesOf(unheld({ a: 'cdex', b: 'cdex', c: 'ab', d: 'ab', e: 'ab' }))).toEqual({
      one: ['c', 'd', 'e'],
      other: ['a', 'b'],
    });
  });

  test('although all but one node of a side are silent', () => {
    expect(sidesOf(unheld({ a: 'cde', c: 'ax', d: 'ax', e: 'ax' }))).toEqual({
      one: ['c', 'd', 'e'],
      other: ['a'],
    });
  });

  test('although nodes that have just joined hold everybody, and are held by everybody', () => {
    expect(sidesOf(unheld({ a: 'cd', b: 'cd', c: 'ab', d: 'ab', e: '', f: '' }))).toEqual({
      one: ['a', 'b'],
      other: ['c', 'd'],
    });
  });

  test('although a host that was restarted holds everybody again, and is still missed', () => {
    expect(sidesOf(unheld({ a: 'cde', b: 'cde', c: 'ab', d: 'ab', e: '' }))).toEqual({
      one: ['a', 'b'],
      other: ['c', 'd'],
    });
  });

  test('although a node has lost one of its own side, too', () => {
    const rows = { a: 'xyb', b: 'xy', c: 'xy', d: 'xy', x: 'abcd', y: 'abcd' };
    expect(sidesOf(unheld(rows))).toEqual({ one: ['a', 'b', 'c', 'd'], other: ['x', 'y'] });
  });

  test.for<readonly [string, Readonly<Record<string, string>>]>([
    ['all is well', { a: '', b: '', c: '', d: '' }],
    ['one side holds the other', { a: 'cd', b: 'cd', c: '', d: '' }],
    ['a node alone is lost, and has lost all', { a: 'bcd', b: 'a', c: 'a', d: 'a' }],
    [
      'a node alone has lost all, also those that are silent',
      { a: 'cdex', c: 'ax', d: 'ax', e: 'ax' },
    ],
    ['there are three sides', { a: 'cdef', b: 'cdef', c: 'abef', d: 'abef', e: 'abcd', f: 'abcd' }],
    ['a side has lost one of its own', { a: 'bcd', b: 'bcd', c: 'ab', d: 'ab' }],
  ])('and not where %s', ([, rows]) => {
    expect(sidesOf(unheld(rows))).toBeUndefined();
  });

  test('although one of forty has a fault of its own, and not although a tenth have', () => {
    const left = Array.from({ length: 20 }, (_, at) => `left${at}`);
    const right = Array.from({ length: 20 }, (_, at) => `right${at}`);
    const apart = new Map<string, ReadonlySet<string>>([
      ...left.map((node) => [node, new Set(right)] as const),
      ...right.map((node) => [node, new Set(left)] as const),
    ]);
    const strays = (count: number) => [
      ...apart,
      ...left.slice(0, count).map((node) => [node, new Set([...left, ...right])] as const),
    ];
    expect(sidesOf(new Map(strays(1)))?.one).toHaveLength(20);
    expect(sidesOf(new Map(strays(4)))).toBeUndefined();
  });
});
