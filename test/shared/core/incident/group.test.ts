import { describe, expect, test } from 'vitest';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { announced, decisions, remembered, type Run } from '../../../support/runs.ts';

const TWELVE = cluster(12).listed();

function lost(...subject: readonly string[]): Cluster {
  return TWELVE.lose('neighbour', { subject });
}

function flushed(...observer: readonly string[]): Cluster {
  return TWELVE.lose('neighbour', { observer });
}

const sees = (seen: Cluster): Run => ({ sees: seen });

async function story(...seen: readonly Cluster[]): Promise<readonly string[]> {
  return (await decisions(seen.map(sees))).map((decision) =>
    announced(decision).toSorted().join(', '),
  );
}

async function reasons(...seen: readonly Cluster[]): Promise<readonly string[]> {
  const last = (await decisions(seen.map(sees))).at(-1);
  return (last?.announcements ?? []).map(({ kind, reason }) => `${kind}: ${reason}`);
}

describe('three nodes with one cause are one incident', () => {
  test('that peers have lost', async () => {
    const three = ['master1', 'node1', 'node2'] as const;
    const [first, , second] = await decisions([sees(lost(...three)), sees(TWELVE), sees(TWELVE)]);
    expect(first && announced(first)).toEqual(['opened! group/neighbour-missing']);
    expect(first?.reported).toMatchObject([
      {
        key: 'prod/group/neighbour-missing',
        scope: 'group',
        subjects: three,
        missingPeers: 3,
        checkedPeers: 12,
      },
    ]);
    expect(first?.pages.map(({ subject }) => subject)).toEqual([
      '[CRITICAL] prod: 3 of 12 nodes unreachable: master1, ... (neighbour-missing)',
    ]);
    expect(second && announced(second)).toEqual(['resolved! group/neighbour-missing']);
  });

  test('that have lost their peers', async () => {
    const [first] = await decisions([sees(flushed('node1', 'node2', 'node3'))]);
    expect(first && announced(first)).toEqual(['opened! group/neighbours-flushed/observers']);
    expect(first?.reported).toMatchObject([{ observers: ['node1', 'node2', 'node3'] }]);
  });

  test('and two are two', async () => {
    expect(await story(lost('node1', 'node2'))).toEqual([
      'opened! subject/node1, opened! subject/node2',
    ]);
  });

  test('and three of different causes are three', async () => {
    const mixed = lost('node1')
      .lose('fdb', { subject: 'node2' })
      .lose('route', { subject: 'node3' });
    expect(await story(mixed)).toEqual([
      'opened! subject/node1, opened! subject/node2, opened! subject/node3',
    ]);
  });

  test('although one of them alone would have to last longer', async () => {
    const part = TWELVE.lose('neighbour', { observer: ['master1', 'master2'], subject: 'node3' });
    const both = part.lose('neighbour', { subject: ['node1', 'node2'] });
    expect(await story(both)).toEqual(['opened! group/neighbour-missing']);
  });
});

describe('a group grows', () => {
  const named = (count: number): readonly string[] => TWELVE.names.slice(-count);

  test('in place, within three runs of its last growth, and pages again when it has doubled', async () => {
    expect(await story(lost(...named(3)), lost(...named(4)), lost(...named(6)))).toEqual([
      'opened! group/neighbour-missing',
      'updated group/neighbour-missing',
      'worsened! group/neighbour-missing',
    ]);
    expect(await reasons(lost(...named(3)), lost(...named(4)))).toEqual(['updated: joined']);
    expect(await reasons(lost(...named(3)), lost(...named(6)))).toEqual([
      'worsened: count-doubled',
    ]);
  });

  test.for([
    ['as the node list has it', { isListed: true, isControlPlane: true }],
    ['by its kubeconfig', { isListed: false, isControlPlane: true }],
    ['and not for a worker', { isListed: true, isControlPlane: false }],
  ] as const)(
    'and pages again when a control-plane node joins it, %s',
    async ([, { isListed, isControlPlane }]) => {
      const asMaster = (seen: Cluster): Cluster =>
        isListed
          ? seen.listed((one) => ({
              ...one,
              isControlPlane: isControlPlane && one.name === 'node1',
            }))
          : seen.answer('node1', (answer) => ({
              ...answer,
              host: { ...answer.host, kubeconfig: '/etc/kubernetes/admin.conf' },
            }));
      expect(
        await reasons(asMaster(lost(...named(4))), asMaster(lost('node1', ...named(4)))),
      ).toEqual([isControlPlane ? 'worsened: control-plane-joined' : 'updated: joined']);
    },
  );

  test('and counts the pages that a critical one has worsened, up to its end', async () => {
    const thirty = cluster(30).listed();
    const last = (count: number): Cluster =>
      thirty.lose('neighbour', { subject: thirty.names.slice(-count) });
    const runs = [last(3), last(6), last(12), thirty, thirty];
    const made = await decisions(runs.map(sees));
    expect(
      made.flatMap(({ pages }) => pages.map(({ kind, worsened }) => [kind, worsened])),
    ).toEqual([
      ['opened', undefined],
      ['worsened', 1],
      ['worsened', 2],
      ['resolved', 2],
    ]);
  });

  test('and not later: a later fault has an incident of its own', async () => {
    const three = lost(...named(3));
    const four = lost(...named(4));
    expect(await story(three, three, three, three, four)).toEqual([
      'opened! group/neighbour-missing',
      '',
      '',
      '',
      'opened! subject/node6',
    ]);
  });

  test('and a later group of the same cause has a key of its own', async () => {
    const three = lost(...named(3));
    const runs = [three, three, three, three, lost(...named(6))];
    const made = await decisions(runs.map(sees));
    expect(made.at(-1)?.pages.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'opened prod/group/neighbour-missing/2',
    ]);
  });

  test('only by what a second look confirms', async () => {
    const made = await decisions([
      sees(lost(...named(3))),
      { sees: lost(...named(4)), confirmed: false },
    ]);
    expect(made.map((decision) => remembered(decision))).toEqual([
      ['group/neighbour-missing open'],
      ['group/neighbour-missing open', 'subject/node6 suspected'],
    ]);
  });

  test('and stays one while it is fixed, peer by peer', async () => {
    const three = named(3);
    const left = TWELVE.names.map((_, fixed) =>
      TWELVE.lose('neighbour', { observer: TWELVE.names.slice(fixed), subject: three }),
    );
    const pages = (await decisions([...left, TWELVE, TWELVE].map(sees))).flatMap(
      (one) => one.pages,
    );
    expect(pages.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'opened prod/group/neighbour-missing',
      'resolved prod/group/neighbour-missing',
    ]);
  });
});

describe('a pair of two nodes of a cluster-wide incident', () => {
  const [first = '', , , , , , last = ''] = TWELVE.names;
  const seven = TWELVE.names.slice(0, 7);
  const others = TWELVE.lose('route', { observer: seven, subject: seven.slice(0, -1) });
  const wide = others.lose('route', { observer: seven.slice(1), subject: last });
  const pair = others.lose('route', { observer: first, subject: last });

  test('joins it within three runs, as where one of the two was not checked before', async () => {
    expect(await story(wide, pair)).toEqual([
      'opened! cluster/route-missing',
      'updated cluster/route-missing',
    ]);
  });

  test('and later is a fault of its own', async () => {
    const runs = [wide, wide, wide, wide, pair, pair];
    expect((await story(...runs)).at(-1)).toBe(`opened! pair/${first}:${last}`);
  });
});

describe('nodes that were paged alone', () => {
  test('keep their key, and those that follow within three runs are a group', async () => {
    expect(
      await story(
        lost('node1'),
        lost('node1', 'node2'),
        lost('node1', 'node2', 'node3'),
        TWELVE,
        TWELVE,
      ),
    ).toEqual([
      'opened! subject/node1',
      'opened! subject/node2',
      'opened! group/neighbour-missing',
      '',
      'resolved! group/neighbour-missing, resolved! subject/node1, resolved! subject/node2',
    ]);
  });

  test('long ago are no reason for a group', async () => {
    const one = lost('node1');
    const two = lost('node1', 'node2');
    const last = (await story(one, two, two, two, two, two, lost('node1', 'node2', 'node3'))).at(
      -1,
    );
    expect(last).toBe('opened! subject/node3');
  });
});

describe('a later fault', () => {
  test('of the whole column does not take over the incident of one of its pairs', async () => {
    const pair = TWELVE.lose('neighbour', { observer: 'node1', subject: 'node2' })
      .lose('fdb', { observer: 'node1', subject: 'node2' })
      .lose('route', { observer: 'node1', subject: 'node2' });
    const column = pair.change('fdb', { subject: 'node2' });
    expect(await story(pair, pair, column, TWELVE, TWELVE)).toEqual([
      '',
      'opened! pair/node1:node2',
      'opened! subject/node2',
      '',
      'resolved! pair/node1:node2, resolved! subject/node2',
    ]);
  });

  test('of the whole cluster does not take over the incident of one node', async () => {
    const one = TWELVE.change('fdb', { subject: 'node4' });
    const all = one.lose('neighbour', { observer: TWELVE.names.slice(0, 8) });
    expect(await story(one, all)).toEqual([
      'opened! subject/node4',
      'opened! cluster/neighbours-flushed, updated subject/node4',
    ]);
  });

  test('within a cluster-wide incident is part of it, and on a host that was fixed it is not', async () => {
    const all = TWELVE.lose('neighbour', {}).lose('route', {});
    const half = TWELVE.names.slice(6);
    const left = TWELVE.lose('neighbour', { observer: half });
    const later = left.lose('neighbour', { observer: 'master1' });
    expect(await story(all, left, later, TWELVE, TWELVE)).toEqual([
      'opened! cluster/neighbours-and-routes-lost',
      'updated cluster/neighbours-and-routes-lost',
      'opened! observer/master1',
      '',
      'resolved! cluster/neighbours-and-routes-lost, resolved! observer/master1',
    ]);
  });

  test('that takes the device of a host within it is an incident of its own', async () => {
    const all = TWELVE.lose('neighbour', {});
    expect((await story(all, all.dropDevice('node1'))).at(-1)).toContain('opened! observer/node1');
  });
});

describe('a drift', () => {
  const drifted = TWELVE.drift('node1');

  test('is not over while its device is not seen', async () => {
    expect(await story(drifted, TWELVE.silence('node1'), drifted, TWELVE, TWELVE)).toEqual([
      'opened! subject/node1',
      '',
      '',
      '',
      'resolved! subject/node1',
    ]);
  });

  test('without annotations is one incident, with the row that it flushed', async () => {
    const unlisted = cluster(12).drift('node1');
    expect(await story(unlisted, cluster(12), cluster(12))).toEqual([
      'opened! subject/node1',
      '',
      'resolved! subject/node1',
    ]);
  });
});

describe('what is left of an incident', () => {
  test('ends with it where it belongs to another one', async () => {
    const row = flushed('node4');
    const column = TWELVE.lose('neighbour', { subject: 'master1' });
    expect(await story(row, column, column, TWELVE, TWELVE)).toEqual([
      'opened! observer/node4',
      'opened! subject/master1',
      'resolved! observer/node4',
      '',
      'resolved! subject/master1',
    ]);
    expect(await reasons(row, column, column)).toEqual(['resolved: rest-of-another']);
  });
});
