import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../../shared/core/diagnose/diagnose.ts';
import {
  coverOf,
  type Footprint,
  footprintOf,
  remaining,
  sizeOf,
  union,
} from '../../../../shared/core/incident/footprint.ts';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';

const SIX = cluster(6).listed();

const matrixOf = (seen: Cluster) => judge(seen.facts()).matrix;

function footprintIn(seen: Cluster): Footprint {
  const matrix = matrixOf(seen);
  const [finding] = diagnose(matrix);
  if (finding === undefined) throw new Error('nothing is wrong');
  return footprintOf(finding, matrix);
}

describe('a footprint', () => {
  const partition = footprintIn(
    ['neighbour', 'fdb', 'route'].reduce(
      (sofar, table) =>
        table === 'neighbour' || table === 'fdb' || table === 'route'
          ? sofar
              .lose(table, {
                observer: ['node1', 'node2'],
                subject: ['master1', 'master2', 'master3', 'node3'],
              })
              .lose(table, {
                observer: ['master1', 'master2', 'master3', 'node3'],
                subject: ['node1', 'node2'],
              })
          : sofar,
      SIX,
    ),
  );

  test('of a partition has the cells between its sides, and not those within a side', () => {
    const covers = coverOf(partition);
    expect(sizeOf(partition)).toBe(16);
    expect(covers({ observer: 'node1', subject: 'master1' })).toBe(true);
    expect(covers({ observer: 'master1', subject: 'node1' })).toBe(true);
    expect(covers({ observer: 'master1', subject: 'master2' })).toBe(false);
  });

  test('loses the cells that a run sees right, and keeps those that it cannot check', () => {
    const all = footprintIn(SIX.lose('neighbour', {}));
    const half = matrixOf(SIX.lose('neighbour', { observer: ['node1', 'node2'] }));
    expect(
      remaining(all, half)
        .blocks.flatMap(({ observers }) => observers)
        .toSorted(),
    ).toEqual(['node1', 'node2']);
    const silent = matrixOf(SIX.silence('node3'));
    expect(remaining(all, silent).blocks.flatMap(({ observers }) => observers)).toContain('node3');
  });

  test('of two has the cells of both', () => {
    const row = footprintIn(SIX.lose('neighbour', { observer: 'node1' }));
    const column = footprintIn(SIX.lose('fdb', { subject: 'node1' }));
    const both = union(row, column);
    expect(sizeOf(both)).toBe(sizeOf(row) + sizeOf(column));
    expect(both.tables).toEqual(['neighbour', 'fdb']);
  });
});
