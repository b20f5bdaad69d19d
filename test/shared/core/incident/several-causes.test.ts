import { describe, expect, test } from 'vitest';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { announced, decisions } from '../../../support/runs.ts';

const TEN = cluster(10).listed();
const FLUSHED = ['master1', 'master2', 'master3'] as const;
const BARE = ['node1', 'node2'] as const;

/** The CNI was restarted on six of ten nodes, and each has lost something else. */
const MIXED = TEN.dropDevice(...BARE)
  .lose('neighbour', { observer: FLUSHED })
  .lose('fdb', { subject: 'node7' });

const restarted = (on: Cluster, ...nodes: readonly string[]): Cluster =>
  nodes.reduce(
    (sofar, node) =>
      sofar.answer(node, (answer) => ({
        ...answer,
        host: { ...answer.host, flanneldSeconds: 400 },
      })),
    on,
  );

describe('several causes at once on most nodes', () => {
  test('are one incident of the cluster, under the cause that most nodes have', async () => {
    const made = await decisions([MIXED, MIXED, TEN, TEN].map((sees) => ({ sees })));
    expect(made.map((one) => announced(one).join(', '))).toEqual([
      'opened! cluster/neighbours-flushed',
      '',
      '',
      'resolved! cluster/neighbours-flushed',
    ]);
    expect(made[0]?.reasons.get('prod/cluster/neighbours-flushed')).toBe('several-causes');
  });

  test('and the page begins with who has which, and with what they share', async () => {
    const sees = restarted(MIXED, ...FLUSHED, ...BARE, 'node7');
    const [decision] = await decisions([{ sees }]);
    expect(decision?.reported[0]?.evidence.slice(0, 4)).toEqual([
      'device-missing: node1 and node2',
      'neighbours-flushed: master1, master2 and master3',
      'fdb-missing: node7',
      'flanneld was restarted on 6 of these 6 nodes within the last 6 min 40 s',
    ]);
  });

  test('say that all of them, and no other, are in one zone', async () => {
    const zoned = cluster(10).listed((node) => ({
      ...node,
      zone: [...FLUSHED, ...BARE, 'node7'].some((name) => name === node.name) ? 'a' : 'b',
    }));
    const sees = zoned
      .dropDevice(...BARE)
      .lose('neighbour', { observer: FLUSHED })
      .lose('fdb', { subject: 'node7' });
    const [decision] = await decisions([{ sees }]);
    expect(decision?.reported[0]?.evidence).toContain(
      'all of these nodes, and no other, are in zone a',
    );
  });

  test('on fewer nodes are as many incidents', async () => {
    const sees = TEN.lose('neighbour', { observer: FLUSHED }).lose('fdb', { subject: 'node7' });
    const [decision] = await decisions([{ sees }]);
    expect(decision && announced(decision)).toEqual([
      'opened! group/neighbours-flushed/observers',
      'opened! subject/node7',
    ]);
  });
});
