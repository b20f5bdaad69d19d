import { describe, expect, test } from 'vitest';
import type { NodeList } from '../../../../shared/core/facts.ts';
import type { ClusterNode } from '../../../../shared/core/overlay/vtep.ts';
import { reportOf } from '../../../../shared/core/run/report.ts';
import { cluster } from '../../../support/cluster.ts';
import { announced, decisions, remembered } from '../../../support/runs.ts';

const SIX = cluster(6).listed();
const ALL = SIX.names;

const flushed = (...observer: readonly string[]) => SIX.lose('neighbour', { observer });
const stories = async (...seen: readonly (typeof SIX)[]) =>
  (await decisions(seen.map((sees) => ({ sees })))).map((decision) =>
    announced(decision).join(', '),
  );

describe('a fault that grows', () => {
  test('from a pair to a part of a row to a whole row keeps its key', async () => {
    const pair = SIX.lose('neighbour', { observer: 'node1', subject: 'node2' });
    expect(
      await stories(
        pair,
        pair,
        pair.lose('neighbour', { observer: 'node1', subject: 'node3' }),
        flushed('node1'),
        SIX,
        SIX,
      ),
    ).toEqual([
      '',
      'opened! pair/node1:node2',
      'updated pair/node1:node2',
      'worsened! pair/node1:node2',
      '',
      'resolved! pair/node1:node2',
    ]);
  });

  test('into the whole cluster resolves nobody whose tables are still bad', async () => {
    expect(
      await stories(flushed('node1'), flushed('node1', 'node2'), flushed(...ALL), SIX, SIX),
    ).toEqual([
      'opened! observer/node1',
      'opened! observer/node2',
      'opened! cluster/neighbours-flushed',
      '',
      'resolved! observer/node1, resolved! observer/node2, resolved! cluster/neighbours-flushed',
    ]);
  });

  test('and shrinks again is over when the last of its cells is well', async () => {
    const left = flushed('node2');
    const runs = [flushed('node1'), flushed('node1', 'node2'), flushed(...ALL), left, left];
    expect(await stories(...runs, SIX, SIX)).toEqual([
      'opened! observer/node1',
      'opened! observer/node2',
      'opened! cluster/neighbours-flushed',
      '',
      'resolved! observer/node1, resolved! cluster/neighbours-flushed',
      '',
      'resolved! observer/node2',
    ]);
  });

  test('over a suspicion swallows it and takes no key of it, for it was never announced', async () => {
    const pair = SIX.lose('neighbour', { observer: 'node1', subject: 'node2' });
    const [first, second] = await decisions([{ sees: pair }, { sees: flushed(...ALL) }]);
    expect(first && remembered(first)).toEqual(['pair/node1:node2 suspected']);
    expect(second && remembered(second)).toEqual(['cluster/neighbours-flushed open']);
  });
});

describe('entries that only age, in one incident with a fault', () => {
  test('are part of it: what becomes of them is no fault of its own', async () => {
    const at = (observer: string) => ({ observer, subject: 'node2' });
    const aging = SIX.weaken(at('node1')).weaken(at('node3'));
    const lost = ['master1', 'master2', 'master3'].reduce(
      (sofar, observer) => sofar.lose('neighbour', at(observer)),
      aging,
    );
    expect(await stories(lost, SIX.lose('neighbour', at('node1')), SIX, SIX)).toEqual([
      'opened! subject/node2',
      'updated subject/node2',
      '',
      'resolved! subject/node2',
    ]);
  });
});

describe('a fault of the whole cluster', () => {
  test('stays one incident while it is mended node by node', async () => {
    const left = ALL.map((_, mended) => flushed(...ALL.slice(mended)));
    expect(await stories(...left, SIX, SIX)).toEqual([
      'opened! cluster/neighbours-flushed',
      ...ALL.slice(1).map(() => 'updated cluster/neighbours-flushed'),
      '',
      'resolved! cluster/neighbours-flushed',
    ]);
  });

  test('of many nodes pages twice, whatever is mended first', async () => {
    const thirty = cluster(30).listed();
    const left = thirty.names.map((_, mended) =>
      thirty.lose('neighbour', { observer: thirty.names.slice(mended) }),
    );
    const pages = (await decisions([...left, thirty, thirty].map((sees) => ({ sees })))).flatMap(
      (decision) => decision.pages,
    );
    expect(pages.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'opened prod/cluster/neighbours-flushed',
      'resolved prod/cluster/neighbours-flushed',
    ]);
  });

  test('does not swallow another fault that comes meanwhile', async () => {
    const other = flushed('node1', 'node2').lose('fdb', { subject: 'master1' });
    expect(await stories(flushed(...ALL), other)).toEqual([
      'opened! cluster/neighbours-flushed',
      'updated cluster/neighbours-flushed, opened! subject/master1',
    ]);
  });
});

describe('nodes that leave', () => {
  test('drop out of an incident, which ends when nobody is left that is bad', async () => {
    const lost = SIX.lose('neighbour', { observer: ['node1', 'node2'], subject: 'node3' });
    const without = (...gone: readonly string[]) => {
      const facts = lost.facts();
      const nodes =
        facts.nodes.kind === 'read'
          ? facts.nodes.after.filter(({ name }) => !gone.includes(name))
          : [];
      return {
        ...lost,
        facts: (changes: object) => lost.facts({ ...changes, nodes: both(nodes) }),
      };
    };
    const neither = without('node1', 'node2');
    expect(await stories(lost, lost, without('node1'), neither, neither)).toEqual([
      '',
      'opened! subject/node3',
      'updated subject/node3',
      '',
      'resolved! subject/node3',
    ]);
    expect(await stories(lost, lost, without('node3'), without('node3'))).toEqual([
      '',
      'opened! subject/node3',
      '',
      'resolved! subject/node3',
    ]);
  });

  test('are not taken to have left when a run knows of no node at all', async () => {
    const nobody = {
      ...SIX,
      facts: (changes: object) => SIX.facts({ ...changes, nodes: both([]), observations: [] }),
    };
    expect(await stories(flushed('node1'), nobody, SIX, SIX)).toEqual([
      'opened! observer/node1',
      '',
      '',
      'resolved! observer/node1',
    ]);
  });
});

describe('what only ages', () => {
  const aging = SIX.weaken({ observer: 'node1', subject: 'node2' });
  const lost = SIX.lose('neighbour', { observer: 'node1', subject: 'node2' });

  test('has the patience of a pair from when it is lost, not from when it began to age', async () => {
    expect(await stories(aging, aging, lost, lost, SIX, SIX)).toEqual([
      'opened pair/node1:node2',
      '',
      '',
      'opened! pair/node1:node2',
      '',
      'resolved! pair/node1:node2',
    ]);
  });

  test('and is lost for a moment ends as it began', async () => {
    const runs = [{ sees: aging }, { sees: lost, confirmed: false }, { sees: SIX }, { sees: SIX }];
    expect((await decisions(runs)).map((decision) => announced(decision).join(', '))).toEqual([
      'opened pair/node1:node2',
      '',
      '',
      'resolved pair/node1:node2',
    ]);
  });
});

test('a host that answered but could read nothing changes no incident', async () => {
  const blind = SIX.hide('neighbours').hide('fdb').hide('routes');
  const runs = [flushed('node1'), blind, SIX, SIX];
  const made = await decisions(runs.map((sees) => ({ sees })));
  expect(made.map((decision) => announced(decision).join(', '))).toEqual([
    'opened! observer/node1',
    '',
    '',
    'resolved! observer/node1',
  ]);
  expect(made[1] && reportOf(made[1]).hosts.observed).toEqual([]);
});

test('a cluster whose hosts can all read nothing is not healthy', async () => {
  const blind = SIX.hide('neighbours').hide('fdb').hide('routes');
  const [decision] = await decisions([{ sees: blind }]);
  expect(decision && reportOf(decision).verdict).toBe('unjudged');
});

function both(nodes: readonly ClusterNode[]): NodeList {
  return { kind: 'read', before: nodes, after: nodes };
}
