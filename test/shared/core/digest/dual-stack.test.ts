import { describe, expect, test } from 'vitest';
import { judge } from '../../../../shared/core/judge.ts';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { inBothFamilies, withoutSixth } from '../../../support/families.ts';
import { settled } from '../../../support/digested.ts';
import { verdictOf, wrongCells } from '../../../support/verdict.ts';

/** Every node has both families. */
const BOTH = inBothFamilies(cluster(8));

async function sameFromBoth(damaged: Cluster): Promise<readonly string[]> {
  const facts = damaged.facts();
  const { judgement, asked } = await settled(facts);
  expect(asked).toEqual([]);
  expect(verdictOf(judgement)).toEqual(verdictOf(judge(facts)));
  return wrongCells(judgement);
}

describe('of two families', () => {
  test('both are well', async () => {
    expect(await sameFromBoth(BOTH)).toEqual([]);
  });

  test.for([
    ['neighbours', 'absent right right'],
    ['fdb', 'right absent right'],
    ['routes', 'right right absent'],
  ] as const)('the second alone has lost an entry: %s', async ([table, state]) => {
    expect(
      await sameFromBoth(withoutSixth(BOTH, { observer: 'node1', subject: 'node2' }, table)),
    ).toEqual([`node1 node2 ${state}`]);
  });

  test('each has lost another entry, and the cell has both', async () => {
    const lost = withoutSixth(BOTH, { observer: 'node1', subject: 'node2' }, 'fdb').lose('route', {
      observer: 'node1',
      subject: 'node2',
    });
    expect(await sameFromBoth(lost)).toEqual(['node1 node2 right absent absent']);
  });
});
