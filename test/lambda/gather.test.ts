import { describe, expect, test } from 'vitest';
import { givenUpBy } from '../../lambda/gather.ts';

const known = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    node: `node${at}`,
    vteps: [],
    master: false,
    lastSeen: 0,
    devices: [],
  }));

describe('the next run', () => {
  test('does not wait for hosts that were silent', () => {
    expect(givenUpBy({ silent: ['mi-1', 'mi-2'], roster: known(6) })).toEqual(
      new Set(['mi-1', 'mi-2']),
    );
  });

  test('waits for all where most of them were silent', () => {
    const silent = ['mi-1', 'mi-2', 'mi-3', 'mi-4'];
    expect(givenUpBy({ silent, roster: known(6) })).toEqual(new Set());
    expect(givenUpBy({ silent, roster: [] })).toEqual(new Set());
  });
});
