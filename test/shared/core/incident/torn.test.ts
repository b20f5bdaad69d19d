import { describe, expect, test } from 'vitest';
import { type Cluster, cluster } from '../../../support/cluster.ts';
import { announced, decisions, type Run } from '../../../support/runs.ts';

const EIGHT = cluster(8).listed();
const SIDE = EIGHT.names.slice(0, 4);
const OTHER = EIGHT.names.slice(4);
const TABLES = ['neighbour', 'fdb', 'route'] as const;

function without(on: Cluster, at: Parameters<Cluster['lose']>[1]): Cluster {
  return TABLES.reduce((sofar, table) => sofar.lose(table, at), on);
}

const apart = without(without(EIGHT, { observer: SIDE, subject: OTHER }), {
  observer: OTHER,
  subject: SIDE,
});

async function story(...seen: readonly (Cluster | Run)[]): Promise<readonly string[]> {
  const runs = seen.map((one) => ('sees' in one ? one : { sees: one }));
  return (await decisions(runs)).map((decision) => announced(decision).toSorted().join(', '));
}

/** The hosts that answered last show the fault; the others answered before it. */
describe('a fault that struck while a run read its hosts is one incident', () => {
  test('where a partition showed in one row', async () => {
    const [last = ''] = SIDE;
    const torn = without(EIGHT, { observer: last, subject: OTHER });
    expect(await story(torn, apart, apart, EIGHT, EIGHT)).toEqual([
      `opened! observer/${last}`,
      `worsened! observer/${last}`,
      '',
      '',
      `resolved! observer/${last}`,
    ]);
    const [, second] = await decisions([torn, apart].map((sees) => ({ sees })));
    expect(second?.reported).toMatchObject([{ cause: 'partition', scope: 'cluster' }]);
    expect(second?.pages.map(({ subject }) => subject)).toEqual([
      '[CRITICAL] prod: 8 of 8 nodes cannot reach others: master1, ... (partition)',
    ]);
  });

  test('where a partition showed in the rows of three hosts', async () => {
    const torn = without(EIGHT, { observer: SIDE.slice(1), subject: OTHER });
    expect(await story(torn, apart, EIGHT, EIGHT)).toEqual([
      'opened! group/never-programmed/observers',
      'worsened! group/never-programmed/observers',
      '',
      'resolved! group/never-programmed/observers',
    ]);
  });

  test('while a partition is fixed host by host', async () => {
    const [last = ''] = SIDE;
    const torn = without(EIGHT, { observer: last, subject: OTHER });
    const left = EIGHT.names.map((_, fixed) => {
      const still = new Set(EIGHT.names.slice(fixed));
      const on = without(EIGHT, { observer: SIDE.filter((one) => still.has(one)), subject: OTHER });
      return without(on, { observer: OTHER.filter((one) => still.has(one)), subject: SIDE });
    });
    const pages = (
      await decisions([torn, ...left, EIGHT, EIGHT].map((sees) => ({ sees })))
    ).flatMap((decision) => decision.pages);
    expect(pages.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      `opened prod/observer/${last}`,
      `worsened prod/observer/${last}`,
      `resolved prod/observer/${last}`,
    ]);
  });

  test('and the same again within half an hour', async () => {
    const [last = ''] = SIDE;
    const torn = without(EIGHT, { observer: last, subject: OTHER });
    expect(await story(torn, apart, EIGHT, EIGHT, apart, apart)).toEqual([
      `opened! observer/${last}`,
      `worsened! observer/${last}`,
      '',
      `resolved! observer/${last}`,
      `opened! observer/${last}`,
      '',
    ]);
  });

  test('and a partition that comes later has its own', async () => {
    const [last = ''] = SIDE;
    const row = without(EIGHT, { observer: last, subject: OTHER });
    expect((await story(row, row, row, row, apart)).at(-1)).toBe('opened! cluster/partition');
  });

  test('where a node that is cut off showed in its row alone', async () => {
    const torn = without(EIGHT, { observer: 'node1' });
    const both = without(torn, { subject: 'node1' });
    expect(await story(torn, both, EIGHT, EIGHT)).toEqual([
      'opened! observer/node1',
      '',
      '',
      'resolved! observer/node1',
    ]);
  });

  test('where it showed in its column alone: the cause on the host itself is paged', async () => {
    const torn = without(EIGHT, { subject: 'node1' });
    const both = without(torn, { observer: 'node1' });
    expect(await story(torn, both, both, EIGHT, EIGHT)).toEqual([
      'opened! subject/node1',
      'worsened! subject/node1',
      '',
      '',
      'resolved! subject/node1',
    ]);
  });

  test('where one more peer shows it when the others are fixed', async () => {
    const [first = '', ...others] = EIGHT.names.filter((name) => name !== 'node1');
    const torn = EIGHT.change('fdb', { observer: others, subject: 'node1' });
    const rest = EIGHT.change('fdb', { observer: first, subject: 'node1' });
    expect(await story(torn, rest, rest, EIGHT, EIGHT)).toEqual([
      'opened! subject/node1',
      'updated subject/node1',
      '',
      '',
      'resolved! subject/node1',
    ]);
  });
});

/** What a fault does to the tables of these observers. */
type Strike = (observers: readonly string[]) => Cluster;

const NODE = 'node1';
const peers = (observers: readonly string[]) => observers.filter((name) => name !== NODE);
const flush = (some: readonly string[]) => (observers: readonly string[]) =>
  EIGHT.lose('neighbour', { observer: observers.filter((name) => some.includes(name)) });
const isolate: Strike = (observers) =>
  without(without(EIGHT, { observer: observers.filter((name) => name === NODE) }), {
    observer: peers(observers),
    subject: NODE,
  });

describe('whichever hosts answered before the fault, it has one key', () => {
  test.for<readonly [string, Strike]>([
    ['a node without entries', (some) => without(EIGHT, { observer: peers(some), subject: NODE })],
    ['a lost MAC', (some) => EIGHT.lose('neighbour', { observer: peers(some), subject: NODE })],
    ['an old MAC', (some) => EIGHT.change('neighbour', { observer: peers(some), subject: NODE })],
    ['an old address', (some) => EIGHT.change('fdb', { observer: peers(some), subject: NODE })],
    ['a flushed host', flush([NODE])],
    ['a node that is cut off', isolate],
    ['a partition', partition],
  ])('%s', async ([, strike]) => {
    for (const [at] of EIGHT.names.entries()) {
      const torn = strike(EIGHT.names.slice(at));
      const whole = strike(EIGHT.names);
      const runs = [torn, whole, whole, EIGHT, EIGHT].map((sees) => ({ sees }));
      const pages = (await decisions(runs)).flatMap((decision) => decision.pages);
      const keys = new Set(pages.map(({ key }) => key));
      expect({ at, keys: keys.size, last: pages.at(-1)?.kind }).toEqual({
        at,
        keys: 1,
        last: 'resolved',
      });
    }
  });
});

function partition(observers: readonly string[]): Cluster {
  const some = new Set(observers);
  const one = without(EIGHT, { observer: SIDE.filter((name) => some.has(name)), subject: OTHER });
  return without(one, { observer: OTHER.filter((name) => some.has(name)), subject: SIDE });
}

describe('a node that holds nobody and that nobody holds', () => {
  const cutOff = (...nodes: readonly string[]): Cluster =>
    without(without(EIGHT, { observer: nodes }), { subject: nodes });

  test('is one incident, of its host', async () => {
    expect(await story(cutOff('node1'), cutOff('node1'), EIGHT, EIGHT)).toEqual([
      'opened! observer/node1',
      '',
      '',
      'resolved! observer/node1',
    ]);
    const [first] = await decisions([{ sees: cutOff('node1') }]);
    expect(first?.reported).toMatchObject([
      { cause: 'tables-empty', otherCauses: ['never-programmed'], observers: ['node1'] },
    ]);
    expect(first?.pages.map(({ text }) => text)).toEqual([
      expect.stringContaining('7 other nodes hold no entry for node1 either.'),
    ]);
  });

  test('is not over while its peers do not hold it', async () => {
    const column = without(EIGHT, { subject: 'node1' });
    expect(await story(cutOff('node1'), column, column)).toEqual([
      'opened! observer/node1',
      'updated observer/node1',
      '',
    ]);
  });
});

describe('an incident of one node whose cause becomes another one', () => {
  const half = EIGHT.names.filter((name) => name !== 'node1').slice(0, 4);
  const part = EIGHT.lose('fdb', { observer: half, subject: 'node1' });

  test('pages again where that explains more, and it is twice as large', async () => {
    expect(await story(part, part, part, part, part.drift('node1'), EIGHT, EIGHT)).toEqual([
      'opened! subject/node1',
      '',
      '',
      '',
      'worsened! subject/node1',
      '',
      'resolved! subject/node1',
    ]);
    const made = await decisions([part, part.drift('node1')].map((sees) => ({ sees })));
    expect(made.at(-1)?.announcements.map(({ reason }) => reason)).toEqual(['cause-explains-more']);
  });

  test('waits with that page for a second look, and pages once', async () => {
    const drifted = part.drift('node1');
    expect(await story(part, { sees: drifted, confirmed: false }, drifted, drifted)).toEqual([
      'opened! subject/node1',
      'updated subject/node1',
      'worsened! subject/node1',
      '',
    ]);
  });

  test('and only updates where it is not twice as large', async () => {
    const all = EIGHT.lose('fdb', { subject: 'node1' });
    const moved = EIGHT.change('fdb', { subject: 'node1' });
    expect(await story(all, moved, moved)).toEqual([
      'opened! subject/node1',
      'updated subject/node1',
      '',
    ]);
  });
});
