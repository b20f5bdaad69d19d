import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { scrambled, simulatedHosts } from '../../../../lab/machines/simulated/hosts.ts';
import { type SimulatedWorld, startSimulatedWorld } from '../../../../lab/world.ts';

/** What ends well within the function's time on a busy computer too; the bench has more of them. */
const HOSTS = 2000;
const MASTERS = 3;

/** A call for every fifty hosts, to list their answers. */
const PAGES = HOSTS / 50;

/** Of the hosts, every hundredth does not answer, and the others take up to three seconds. */
const SILENT = HOSTS / 100;
const SLOWEST_MS = 3000;

/** What the service takes before it throttles. */
const RATE = { operation: '*', burst: 20, perSecond: 20 } as const;

/** The function is ended where a run does not end by itself in the time that the stack gives it. */
const RUN_MS = 60_000;

/** Runs until the node list is whole, at most. */
const FIRST_RUNS = 4;

describe(
  'two thousand hosts, behind a service that throttles and lags',
  { timeout: RUN_MS },
  () => {
    let world: SimulatedWorld;

    beforeAll(async () => {
      world = await startSimulatedWorld(simulatedHosts(HOSTS, MASTERS), {
        cluster: 'large',
        kubernetes: { imageBytes: 2000 },
        service: { invisibleMilliseconds: 1500, countsLateMilliseconds: 1500 },
      });
      world.cluster.hosts.forEach(({ instanceId }, place) => {
        const milliseconds = scrambled(place) % SLOWEST_MS;
        world.aws.ssm.behaveNode(
          instanceId,
          place % (HOSTS / SILENT) === 7 ? { kind: 'offline' } : { kind: 'late', milliseconds },
        );
      });
      world.aws.ssm.gate.limit(RATE);
      // The first run waits for hosts that the second one gives up, and learns who the masters are. The first
      // list comes in many parts: a run on a busy computer leaves the last of them to the next.
      for (let runs = 0; runs < FIRST_RUNS; runs++) {
        const { coverage } = await world.tick();
        const { source, unsettled = [] } = coverage?.nodeList ?? {};
        if (source === 'masters' && unsettled.length === 0) break;
      }
    }, FIRST_RUNS * RUN_MS);
    beforeEach(() => {
      world.cluster.heal();
    });
    afterAll(async () => {
      await world?.close();
    });

    /** How often each operation was called meanwhile, and not throttled. */
    async function callsOf(act: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
      const before = world.aws.ssm.gate.calls.length;
      await act();
      const counts: Record<string, number> = {};
      for (const { operation, verdict } of world.aws.ssm.gate.calls.slice(before)) {
        if (verdict === 'admitted') counts[operation] = (counts[operation] ?? 0) + 1;
      }
      return counts;
    }

    test('are healthy, but for those that are silent, in little more calls than pages', async () => {
      const calls = await callsOf(async () => {
        const report = await world.tick();
        expect(report.verdict).toBe('healthy');
        expect(report.hosts.observed).toHaveLength(HOSTS - SILENT);
        expect(report.incidents).toEqual([]);
      });
      // The hosts' command and the masters' two; the pages, and one page of each of the masters' two as
      // often as it is looked at.
      expect(calls['SendCommand']).toBe(3);
      expect(calls['ListCommandInvocations']).toBeGreaterThanOrEqual(PAGES + 2);
      expect(calls['ListCommandInvocations']).toBeLessThanOrEqual(1.2 * (PAGES + 2));
      expect(calls['GetCommandInvocation'] ?? 0).toBe(0);
    });

    test('have lost one peer’s neighbour entries: paged once, and by its name', async () => {
      const subject = world.cluster.hosts[1742]?.name ?? '';
      world.cluster.inflict({ kind: 'lost', tables: ['neighbour'], on: 'all', of: [subject] });
      const { incidents } = await world.tick();
      expect(incidents).toMatchObject([
        {
          key: `large/subject/${subject}`,
          cause: 'neighbour-missing',
          phase: 'open',
          missingPeers: HOSTS - SILENT - 1,
          checkedPeers: HOSTS - SILENT - 1,
        },
      ]);
      const pages = await world.aws.sns.published();
      expect(pages.map(({ attributes }) => attributes['kind'])).toEqual(['opened']);
    });
  },
);
