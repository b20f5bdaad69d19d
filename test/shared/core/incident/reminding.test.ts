import { describe, expect, test } from 'vitest';
import { type Limits, limitsSchema } from '../../../../shared/contract/settings.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { type Cluster, cluster, NOW } from '../../../support/cluster.ts';
import { decided } from '../../../support/runs.ts';

const SIX = cluster(6).listed();
const flushed = SIX.lose('neighbour', { observer: 'node1' });
const part = SIX.lose('neighbour', { observer: ['node2', 'node3'], subject: 'node1' });

const BOTH = limitsSchema.parse({ snsReminderHours: 4, webhookReminderHours: 24 });

/** Pages and reminders of runs at these hours: `4 reminder observer/node1 to sns`. */
async function story(
  limits: Limits,
  runs: readonly (readonly [number, Cluster])[],
): Promise<readonly string[]> {
  let incidents: readonly Incident[] = [];
  const seen: string[] = [];
  for (const [hour, sees] of runs) {
    const facts = sees.facts({ now: NOW + hour * 3_600_000, limits });
    const { pages, reminders, ...decision } = await decided(facts, incidents);
    ({ incidents } = decision);
    const keyOf = (key: string): string => key.split('/').slice(1).join('/');
    seen.push(
      ...pages.map(({ kind, key }) => `${hour} ${kind} ${keyOf(key)}`),
      ...reminders.map(
        ({ page: { kind, key }, channels }) =>
          `${hour} ${kind} ${keyOf(key)} to ${channels.join(' ')}`,
      ),
    );
  }
  return seen;
}

const every = (hours: readonly number[], sees: Cluster) =>
  hours.map((hour) => [hour, sees] as const);

describe('what stays open', () => {
  test('is paged once, where no channel wants reminders', async () => {
    const none = limitsSchema.parse({});
    expect(await story(none, every([0, 1, 24, 100], flushed))).toEqual(['0 opened observer/node1']);
  });

  test('comes again after the hours of each channel', async () => {
    expect(await story(BOTH, every([0, 2, 4, 6, 8, 12, 16, 20, 24], flushed))).toEqual([
      '0 opened observer/node1',
      '4 reminder observer/node1 to sns',
      '8 reminder observer/node1 to sns',
      '12 reminder observer/node1 to sns',
      '16 reminder observer/node1 to sns',
      '20 reminder observer/node1 to sns',
      '24 reminder observer/node1 to sns webhook',
    ]);
  });

  test('comes in the run nearest to its hour, though a tick is some seconds early', async () => {
    expect(await story(BOTH, every([0, 4 - 20 / 3600], flushed))).toHaveLength(2);
  });

  test('comes once after a pause, however long that was', async () => {
    expect(await story(BOTH, every([0, 15, 16], flushed))).toEqual([
      '0 opened observer/node1',
      '15 reminder observer/node1 to sns',
    ]);
  });

  test('counts from the last page of it', async () => {
    const runs = [
      [0, part],
      [1, part],
      [4, SIX.lose('neighbour', { subject: 'node1' })],
    ] as const;
    const later = every([6, 8], SIX.lose('neighbour', { subject: 'node1' }));
    expect(await story(BOTH, [...runs, ...later])).toEqual([
      '1 opened subject/node1',
      '4 worsened subject/node1',
      '8 reminder subject/node1 to sns',
    ]);
  });

  test('counts from the run that first knows of the setting', async () => {
    const before = await decided(flushed.facts());
    const facts = (hour: number) => flushed.facts({ now: NOW + hour * 3_600_000, limits: BOTH });
    const first = await decided(facts(10), before.incidents);
    const later = await decided(facts(14), first.incidents);
    expect([first, later].map(({ reminders }) => reminders.length)).toEqual([0, 1]);
  });

  test('is no reminder while it waits with its end, nor after that', async () => {
    expect(
      await story(BOTH, [
        [0, flushed],
        [4, SIX],
        [5, SIX],
        [9, SIX],
      ]),
    ).toEqual(['0 opened observer/node1', '5 resolved observer/node1']);
  });

  test('comes although its nodes are silent', async () => {
    expect(
      await story(BOTH, [
        [0, flushed],
        [4, flushed.silence(...SIX.names)],
      ]),
    ).toHaveLength(2);
  });
});

test('what pages nobody is no reminder', async () => {
  const aging = SIX.weaken({ observer: 'node1', subject: 'node2' });
  expect(await story(BOTH, every([0, 4, 30], aging))).toEqual([]);
});

test('a reminder says that it is one, and carries the fix', async () => {
  const { incidents } = await decided(flushed.facts({ limits: BOTH }));
  const facts = flushed.facts({ now: NOW + 4 * 3_600_000, limits: BOTH });
  const [reminder] = (await decided(facts, incidents)).reminders;
  expect(reminder?.page.subject).toBe(
    '[STILL CRITICAL] prod: node1 cannot reach 5 of 5 nodes (neighbours-flushed)',
  );
  const lines = reminder?.page.text.split('\n') ?? [];
  expect(lines[2]).toBe('Reminder: it is still open.');
  expect(lines.indexOf('Fix')).toBeLessThan(10);
  expect(reminder?.page.text).toContain(', 4 h 0 min ago\n');
});
