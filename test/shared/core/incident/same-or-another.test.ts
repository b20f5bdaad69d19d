import { describe, expect, test } from 'vitest';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { announced, decisions } from '../../../support/runs.ts';

const TWELVE = cluster(12).listed();
const TABLES = ['neighbour', 'fdb', 'route'] as const;

function without(on: Cluster, at: Parameters<Cluster['lose']>[1]): Cluster {
  return TABLES.reduce((sofar, table) => sofar.lose(table, at), on);
}

function apart(one: readonly string[], other: readonly string[], on = TWELVE): Cluster {
  return without(without(on, { observer: one, subject: other }), { observer: other, subject: one });
}

async function story(...seen: readonly Cluster[]): Promise<readonly string[]> {
  return (await decisions(seen.map((sees) => ({ sees })))).map((decision) =>
    announced(decision).toSorted().join(', '),
  );
}

const others = (...names: readonly string[]): readonly string[] =>
  TWELVE.names.filter((name) => !names.includes(name));

describe('an incident that pages nobody joins others of the cause that it gets', () => {
  const three = ['node1', 'node2', 'node3'] as const;
  const weak = TWELVE.weaken({ subject: 'node1' });
  const lost = TWELVE.lose('neighbour', { subject: three });

  test('where three are a group', async () => {
    expect(await story(weak, weak, lost, lost, lost, TWELVE, TWELVE)).toEqual([
      'opened subject/node1',
      '',
      'opened! group/neighbour-missing',
      'resolved subject/node1',
      '',
      '',
      'resolved! group/neighbour-missing',
    ]);
  });

  test('where a group of them is growing', async () => {
    const two = TWELVE.lose('neighbour', { subject: ['node2', 'node3', 'node4'] });
    const both = weak.lose('neighbour', { subject: ['node2', 'node3', 'node4'] });
    const all = two.lose('neighbour', { subject: 'node1' });
    expect((await story(weak, both, all)).slice(1)).toEqual([
      'opened! group/neighbour-missing',
      'updated group/neighbour-missing',
    ]);
  });

  test('and alone it keeps its key', async () => {
    expect(await story(weak, TWELVE.lose('neighbour', { subject: 'node1' }))).toEqual([
      'opened subject/node1',
      'opened! subject/node1',
    ]);
  });
});

describe('hosts that were flushed, and of which flannel has set some entries again', () => {
  const flushed = TWELVE.lose('neighbour', { observer: ['node1', 'node2', 'node3'] });
  const most = { observer: 'node4', subject: others('node4', 'master1', 'master2') };

  test('join the others', async () => {
    expect(await story(flushed, flushed.lose('neighbour', most))).toEqual([
      'opened! group/neighbours-flushed/observers',
      'updated group/neighbours-flushed/observers',
    ]);
  });

  test('are one incident with them from the start', async () => {
    expect(await story(flushed.lose('neighbour', most))).toEqual([
      'opened! group/neighbours-flushed/observers',
    ]);
  });

  test('and one that lost a few of its peers is on its own', async () => {
    const few = flushed.lose('neighbour', { observer: 'node4', subject: ['master1', 'master2'] });
    expect(await story(flushed, few, few)).toEqual([
      'opened! group/neighbours-flushed/observers',
      '',
      'opened! observer/node4',
    ]);
  });

  describe('and what one of them has lost of one more node', () => {
    const three = ['node1', 'node2', 'node3'] as const;
    const before = TWELVE.lose('neighbour', { observer: three, subject: others('master3') });
    const more = before.lose('neighbour', { observer: 'node1', subject: 'master3' });
    const rest = TWELVE.lose('neighbour', { observer: 'node1', subject: 'master3' });

    test('is part of it within three runs', async () => {
      expect(await story(before, more, rest, TWELVE, TWELVE)).toEqual([
        'opened! group/neighbour-missing/observers',
        '',
        'updated group/neighbour-missing/observers',
        '',
        'resolved! group/neighbour-missing/observers',
      ]);
    });

    test('and is another fault later', async () => {
      const runs = [before, before, before, before, more, rest, rest];
      expect((await story(...runs)).join(', ')).toContain('opened! pair/node1:master3');
    });
  });
});

test('a node and a few others that have lost each other are one incident', async () => {
  const few = apart(['node9'], ['node1', 'node2', 'node3']);
  expect(await story(few, few, TWELVE, TWELVE)).toEqual([
    '',
    'opened! observer/node9',
    '',
    'resolved! observer/node9',
  ]);
});

test('a node that has lost some, and that others have lost, has two', async () => {
  const row = without(TWELVE, { observer: 'node9', subject: ['node1', 'node2', 'node3'] });
  const both = without(row, { observer: ['node4', 'node5', 'node6'], subject: 'node9' });
  expect((await story(both, both)).at(-1)).toBe('opened! observer/node9, opened! subject/node9');
});

describe('another fault of the node of an incident', () => {
  const stale = others('node1').slice(0, 7);
  const late = others('node1').slice(7);
  const first = TWELVE.lose('fdb', { observer: stale, subject: 'node1' });
  const second = TWELVE.lose('route', { observer: late, subject: 'node1' });
  const both = first.lose('route', { observer: late, subject: 'node1' });

  test('is shown with it, and has a key of its own once that is over', async () => {
    expect(await story(first, first, both, second, second, TWELVE, TWELVE)).toEqual([
      'opened! subject/node1',
      '',
      'updated subject/node1',
      '',
      'opened! subject/node1/2, resolved! subject/node1',
      '',
      'resolved! subject/node1/2',
    ]);
  });

  test('so has one that has become the larger of the two', async () => {
    const few = TWELVE.lose('fdb', { observer: stale.slice(0, 2), subject: 'node1' });
    const more = few.lose('route', { observer: late, subject: 'node1' });
    const keys = (await story(first, first, both, more, second, second)).slice(4);
    expect(keys.join(', ')).toContain('opened! subject/node1/2');
  });

  test('and what is wrong in the same way is the same fault', async () => {
    const grown = TWELVE.lose('fdb', { subject: 'node1' });
    const rest = TWELVE.lose('fdb', { observer: late, subject: 'node1' });
    expect(await story(first, grown, rest, rest, TWELVE, TWELVE)).toEqual([
      'opened! subject/node1',
      'updated subject/node1',
      'updated subject/node1',
      '',
      '',
      'resolved! subject/node1',
    ]);
  });
});

test('what a node of one side of a partition has lost of that side is no part of it', async () => {
  const one = TWELVE.names.slice(0, 6);
  const sides = apart(one, TWELVE.names.slice(6));
  const [observer = '', subject = ''] = one;
  const both = without(sides, { observer, subject });
  expect(await story(both, both)).toEqual([
    'opened! cluster/partition',
    `opened! pair/${observer}:${subject}`,
  ]);
});

test('the page of flushed hosts names what else one of them lost', async () => {
  const all = TWELVE.lose('neighbour', {}).lose('route', { observer: 'node1', subject: 'node2' });
  const [only] = await decisions([{ sees: all }]);
  expect(only?.reported).toMatchObject([
    { key: 'prod/cluster/neighbours-flushed', otherCauses: ['route-missing'] },
  ]);
});

test('what flushed hosts lost of a node that had just booted when they were paged is no other fault', async () => {
  const flushed = (count: number): Cluster =>
    without(TWELVE, { observer: TWELVE.names.slice(0, count) });
  const booted = (on: Cluster): Cluster =>
    on.answer('node9', (answer) => ({ ...answer, host: { ...answer.host, uptimeSeconds: 10 } }));
  const made = await story(
    booted(flushed(7)),
    ...Array.from({ length: 4 }, () => booted(flushed(5))),
    flushed(5),
    flushed(5),
    flushed(5),
    TWELVE,
    TWELVE,
  );
  expect(made.filter((line) => line.includes('!'))).toEqual([
    'opened! cluster/tables-empty',
    'resolved! cluster/tables-empty',
  ]);
});
