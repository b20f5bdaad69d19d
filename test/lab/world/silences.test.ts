import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderReport } from '../../../cli/render/report.ts';
import type { Damage } from '../../../lab/damage.ts';
import { startWorld, type World } from '../../../lab/world.ts';
import type { Report } from '../../../shared/contract/report.ts';
import { type SilenceKind, SILENCES } from '../../../shared/core/silence.ts';

/** What happens to a host, and what a report says of it once a run has asked the inventory. */
const LOST: readonly { on: string; damage: Damage; silence: SilenceKind }[] = [
  {
    on: 'node1',
    damage: { kind: 'disk-full', on: ['node1'], reports: 'Success' },
    silence: 'disk-full',
  },
  {
    on: 'node2',
    damage: { kind: 'disk-full', on: ['node2'], reports: 'Failed' },
    silence: 'disk-full',
  },
  { on: 'node3', damage: { kind: 'script-killed', on: ['node3'] }, silence: 'killed' },
  { on: 'master2', damage: { kind: 'agent-hibernates', on: ['master2'] }, silence: 'disconnected' },
  { on: 'master3', damage: { kind: 'instance-gone', on: ['master3'] }, silence: 'gone' },
];

let world: World;
let healthy: Report;
let report: Report;

beforeAll(async () => {
  const limits = { secondLookSeconds: 1, slowSeconds: 3, answerSeconds: 4 };
  world = await startWorld({ cluster: 'demo', limits, dialSeconds: 2 });
  healthy = await world.tick();
  await world.inflict({ kind: 'run-twice', on: ['master1'] }, ...LOST.map(({ damage }) => damage));
  await world.tick();
  report = await world.tick();
}, 120_000);
afterAll(async () => {
  await world?.close();
});

test.for(LOST)('$on: $silence, in the first line and with what to do', ({ on, silence }) => {
  const { brief, advice } = SILENCES[silence];
  const [firstLine] = renderReport(report).split('\n');
  expect(firstLine).toContain(`${on} (${brief})`);
  const problems = report.problems.filter(({ where }) => where === on);
  expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining(advice));
});

test('nothing is said before', () => {
  expect(renderReport(healthy).split('\n')[0]).toBe(
    'cluster demo: healthy; canal overlay; 6 of 6 nodes checked',
  );
});

test('a host that ran the script twice is read by its last answer', () => {
  expect(report.hosts.observed).toEqual(['master1']);
});

test('nobody is paged of hosts that do not answer', async () => {
  expect(await world.newPages()).toEqual([]);
  expect(report.verdict).toBe('unjudged');
});
