import { expect, test } from 'vitest';
import { type Footprint, overlap } from '../../../../shared/core/incident/incident.ts';

const of = (observers: readonly string[], subjects: readonly string[]): Footprint => {
  return { observers, subjects, tables: ['neighbour'] };
};
const DEVICELESS = of(['node1'], []);

test.for([
  [
    'a host without a device is the row that is seen of it later',
    DEVICELESS,
    of(['node1'], ['node2', 'node3']),
    true,
  ],
  ['and in either order', of(['node1'], ['node2', 'node3']), DEVICELESS, true],
  ['but not another host', DEVICELESS, of(['node2'], ['node3']), false],
  [
    'nor a column in which it is one of several',
    DEVICELESS,
    of(['node1', 'node2'], ['node3']),
    false,
  ],
  ['nor is a column such a host', of(['node1', 'node2'], ['node3']), DEVICELESS, false],
  ['half of the smaller fault is enough', of(['a', 'b'], ['x']), of(['b', 'c', 'd'], ['x']), true],
  ['less than half is not', of(['a', 'b', 'c'], ['x']), of(['c', 'd', 'e'], ['x']), false],
  [
    'a row and a column that cross are two',
    of(['a'], ['x', 'y', 'z']),
    of(['a', 'b', 'c'], ['x']),
    false,
  ],
] as const)('one fault or two: %s', ([, one, two, isOne]) => {
  expect(overlap(one, two)).toBe(isOne);
});
