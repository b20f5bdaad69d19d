import { expect, test } from 'vitest';
import { act } from '../../lambda/act.ts';
import type { State } from '../../lambda/systems/incident-store/stored.ts';
import { createRecorder } from '../../lambda/systems/telemetry/recorder.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import type { Telemetry } from '../../lambda/systems/telemetry/telemetry.ts';
import { cluster } from '../support/cluster.ts';
import { decided } from '../support/runs.ts';
import { leaseOf, soon, tickAt, useTable } from './systems/incident-store/store.ts';

const table = useTable();

/** What a run stores that has announced so many openings and updates, with a backend that answers so. */
async function storedAfter(
  name: string,
  { opened, updated }: { readonly opened: number; readonly updated: number },
  flushEvents: Telemetry['flushEvents'],
): Promise<{ readonly state: State; readonly problems: readonly string[] }> {
  const decision = await decided(cluster(6).lose('neighbour', { subject: 'node1' }).facts());
  const [announcement] = decision.announcements;
  if (announcement === undefined) throw new Error('nothing was announced');
  const some = (kind: 'opened' | 'updated', count: number) =>
    Array.from({ length: count }, (_, at) => ({
      ...announcement,
      kind,
      incident: { ...announcement.incident, key: `lab/subject/${kind}${at}` },
    }));
  const announcements = [...some('opened', opened), ...some('updated', updated)];
  const lease = await leaseOf(table.store(name), tickAt(0));
  const telemetry = { ...createRecorder('vtepwatch', systemClock), flushEvents };
  const { problems } = await act(
    { settings: { cluster: 'lab' }, systems: { channels: [], telemetry }, end: soon() },
    lease,
    { decision: { ...decision, announcements, pages: [] }, outbox: [] },
  );
  await lease.release(soon());
  const { state } = await leaseOf(table.store(name), tickAt(1));
  return { state, problems: problems.map(({ message }) => message) };
}

const TWO = { opened: 1, updated: 1 };

test('events that the backend has are stored no longer', async () => {
  expect((await storedAfter('taken', TWO, async () => [])).state.changes).toEqual([]);
});

test.for([
  ['it cannot be reached', 2],
  ['its settings are unusable', 'all'],
] as const)('events stay stored where %s', async ([reason, pending]) => {
  const failure = { signal: 'logs', reason, accepted: 0, lost: 0, pending } as const;
  const { state } = await storedAfter(reason, TWO, async () => [failure]);
  expect(state.changes).toHaveLength(2);
});

test('of more events than are stored updates go first, and the run says how many are lost', async () => {
  const failure = { signal: 'logs', reason: 'away', accepted: 0, lost: 0, pending: 1 } as const;
  const { state, problems } = await storedAfter('many', { opened: 190, updated: 20 }, async () => [
    failure,
  ]);
  const countOf = (wanted: string): number =>
    state.changes.filter(({ kind }) => kind === wanted).length;
  expect([countOf('opened'), countOf('updated')]).toEqual([190, 10]);
  expect(problems).toEqual([
    '10 events are sent by this run or never: no more than 200 are stored for a later one',
  ]);
});
