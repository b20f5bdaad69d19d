import { describe, expect, test } from 'vitest';
import { withRecollection } from '../../../../lambda/systems/incident-store/recollection.ts';
import { NOTHING_STORED, type State } from '../../../../lambda/systems/incident-store/stored.ts';
import type { Incident } from '../../../../shared/core/incident/incident.ts';
import { cluster } from '../../../support/cluster.ts';
import { pageAbout } from '../../../support/pages.ts';
import { decided } from '../../../support/runs.ts';
import { leaseOf, NOTHING_KNOWN, soon, tickAt, useTable } from './store.ts';

const table = useTable();

const AWAY = { kind: 'dropped-before' } as const;

function stateOf(name: string): State {
  return { ...NOTHING_STORED, outbox: [{ page: pageAbout(name), channels: ['sns'] }] };
}

test('a run without the table goes on from what the process knows', async () => {
  const store = withRecollection(table.store('away'));
  const first = await leaseOf(store, tickAt(0));
  await first.saveState(stateOf('one'), soon());
  await first.saveMemory({ ...NOTHING_KNOWN, listed: ['node1'] }, soon());
  await first.release(soon());
  expect(first.unstored()).toBeUndefined();

  table.database.gate.fail({ operation: '*', fault: AWAY });
  const second = await leaseOf(store, tickAt(1));
  expect(second).toMatchObject({
    state: stateOf('one'),
    memory: { listed: ['node1'] },
  });
  expect(second.unstored()?.message).toContain('writing item LEASE of cluster away');
  await second.saveState(stateOf('two'), soon());
  expect((await leaseOf(store, tickAt(2))).state).toEqual(stateOf('two'));
});

test('what a process alone knows is stored once the table is back', async () => {
  const store = withRecollection(table.store('back'));
  const first = await leaseOf(store, tickAt(0));
  await first.saveState(stateOf('one'), soon());
  await first.release(soon());
  table.database.gate.fail({ operation: '*', fault: AWAY });
  await (await leaseOf(store, tickAt(1))).saveState(stateOf('two'), soon());
  table.database.gate.open();
  const back = await leaseOf(store, tickAt(2));
  expect(back.state).toEqual(stateOf('two'));
  await back.saveState(stateOf('three'), soon());
  await back.release(soon());
  expect((await leaseOf(table.store('back'), tickAt(3))).state).toEqual(stateOf('three'));
});

test('what another process has stored meanwhile counts, beside pages that are pending here', async () => {
  const store = withRecollection(table.store('other'));
  const first = await leaseOf(store, tickAt(0));
  await first.saveState(stateOf('one'), soon());
  await first.release(soon());
  table.database.gate.fail({ operation: '*', fault: AWAY });
  await (await leaseOf(store, tickAt(1))).saveState(stateOf('mine'), soon());
  table.database.gate.open();
  const other = await leaseOf(table.store('other'), tickAt(2));
  await other.saveState(stateOf('theirs'), soon());
  await other.release(soon());
  expect((await leaseOf(store, tickAt(3))).state).toEqual({
    ...NOTHING_STORED,
    incidents: [],
    outbox: [...stateOf('theirs').outbox, ...stateOf('mine').outbox],
  });
});

test('a write that fails is remembered, and the run knows', async () => {
  const store = withRecollection(table.store('write'));
  const lease = await leaseOf(store, tickAt(0));
  table.database.gate.fail({ operation: 'PutItem', fault: AWAY, times: 1 });
  await lease.saveState(stateOf('one'), soon());
  expect(lease.unstored()?.message).toContain('writing item STATE of cluster write');
  await lease.release(soon());
  expect((await leaseOf(store, tickAt(1))).state).toEqual(stateOf('one'));
});

test('a state that another run has written is an error, and is not paged of', async () => {
  const store = withRecollection(table.store('overtaken'));
  const slow = await leaseOf(store, tickAt(0));
  await (await leaseOf(table.store('overtaken'), tickAt(1))).saveState(stateOf('theirs'), soon());
  await expect(slow.saveState(stateOf('mine'), soon())).rejects.toThrow('another run has written');
});

test('a process that knows nothing pages all the same', async () => {
  table.database.gate.fail({ operation: '*', fault: AWAY });
  const blank = await leaseOf(withRecollection(table.store('blank')), tickAt(0));
  expect(blank).toMatchObject({ state: NOTHING_STORED, memory: NOTHING_KNOWN });
});

test('what a process that knew nothing has paged is resolved, and goes out, once the table is back', async () => {
  const [known, mine] = [stateOf('known'), stateOf('mine')];
  const before = await leaseOf(table.store('resolved'), tickAt(0));
  await before.saveState(known, soon());
  await before.release(soon());
  table.database.gate.fail({ operation: '*', fault: AWAY });
  const store = withRecollection(table.store('resolved'));
  const incidents = (await decided(cluster(6).lose('neighbour', { subject: 'node3' }).facts()))
    .incidents;
  expect(incidents.map(({ paged }) => paged)).toEqual(['critical']);
  await (await leaseOf(store, tickAt(1))).saveState({ ...mine, incidents }, soon());
  table.database.gate.open();
  expect((await leaseOf(store, tickAt(2))).state).toEqual({
    ...NOTHING_STORED,
    incidents,
    outbox: [...known.outbox, ...mine.outbox],
  });
});

test('after eleven minutes other processes may know better, and only memory and pending pages count', async () => {
  const store = withRecollection(table.store('stale'));
  const first = await leaseOf(store, tickAt(0));
  await first.saveState(stateOf('one'), soon());
  await first.saveMemory({ ...NOTHING_KNOWN, listed: ['node1'] }, soon());
  await first.release(soon());
  table.database.gate.fail({ operation: '*', fault: AWAY });
  const late = await leaseOf(store, tickAt(12));
  expect(late).toMatchObject({ state: NOTHING_STORED, memory: { listed: ['node1'] } });
  await late.saveState(stateOf('two'), soon());
  expect((await leaseOf(store, tickAt(30))).state).toEqual(stateOf('two'));
});

test('a page that was taken is not pending again where crossing it off failed', async () => {
  const store = withRecollection(table.store('crossed off'));
  const lease = await leaseOf(store, tickAt(0));
  await lease.saveState(stateOf('pending'), soon());
  table.database.gate.fail({ operation: 'PutItem', fault: AWAY, times: 1 });
  await expect(lease.saveState(NOTHING_STORED, soon())).rejects.toThrow('writing item STATE');
  await lease.release(soon());
  expect((await leaseOf(store, tickAt(1))).state).toEqual(NOTHING_STORED);
});

test('a run that the table refuses has the reason from the same call', async () => {
  const store = withRecollection(table.store('refused'));
  await leaseOf(store, tickAt(0));
  table.database.gate.fail({ operation: 'GetItem', fault: AWAY });
  expect(await store.acquire(tickAt(0, 'the duplicate'), soon())).toEqual({
    kind: 'refused',
    reason: 'the tick of 2026-11-23T09:00:00.000Z has run already, or runs now',
  });
});

test('a lease that could not be read is given back', async () => {
  table.database.gate.fail({ operation: 'GetItem', fault: AWAY });
  const alone = await leaseOf(withRecollection(table.store('unread')), tickAt(0));
  expect(alone.unstored()?.message).toContain('reading item');
  table.database.gate.open();
  const next = { ...tickAt(1), now: tickAt(0).now };
  expect(await table.store('unread').acquire(next, soon())).toMatchObject({ kind: 'lease' });
});

test('without the table, a tick that has run in this process is refused', async () => {
  table.database.gate.fail({ operation: '*', fault: AWAY });
  const store = withRecollection(table.store('doubled'));
  await leaseOf(store, tickAt(1));
  for (const minute of [0, 1]) {
    expect(await store.acquire(tickAt(minute), soon())).toEqual({
      kind: 'refused',
      reason: `the tick of 2026-11-23T09:0${minute}:00.000Z has run already`,
    });
  }
});

describe('once the table is back, and another process has written it', () => {
  const KEY = 'lab/subject/mine';

  /** What this process paged while the table was away, at the minute 1; the table is back at the given one. */
  async function backAt(name: string, minute: number, theirs: readonly Incident[]): Promise<State> {
    const { incidents } = await decided(cluster(6).lose('fdb', { subject: 'node1' }).facts());
    const [open] = incidents;
    if (open === undefined) throw new Error('the cluster has no incident');
    const mine = { ...open, key: KEY };
    const store = withRecollection(table.store(name));
    const first = await leaseOf(store, tickAt(0));
    await first.saveState(NOTHING_STORED, soon());
    await first.release(soon());
    table.database.gate.fail({ operation: '*', fault: AWAY });
    const away = await leaseOf(store, tickAt(1));
    const page = { ...pageAbout('mine'), key: KEY };
    await away.saveState(
      { ...NOTHING_STORED, incidents: [mine], outbox: [{ page, channels: ['sns'] }] },
      soon(),
    );
    table.database.gate.open();
    const other = await leaseOf(table.store(name), tickAt(2));
    const written = theirs.map((one) => ({ ...mine, ...one }));
    await other.saveState({ ...NOTHING_STORED, incidents: written }, soon());
    await other.release(soon());
    return (await leaseOf(store, tickAt(minute))).state;
  }

  const openKeys = ({ incidents }: State): readonly string[] =>
    incidents.flatMap(({ key, phase }) => (phase === 'open' ? [key] : []));

  async function variant(change: Partial<Incident>): Promise<Incident> {
    const { incidents } = await decided(cluster(6).lose('fdb', { subject: 'node1' }).facts());
    const [open] = incidents;
    if (open === undefined) throw new Error('the cluster has no incident');
    return { ...open, key: KEY, ...change };
  }

  test('an incident that was paged here and only suspected there is resolved by a later run', async () => {
    const state = await backAt('suspected', 3, [
      await variant({ phase: 'suspected', paged: undefined }),
    ]);
    expect(openKeys(state)).toEqual([KEY]);
    expect(state.incidents).toHaveLength(1);
    expect(state.outbox).toHaveLength(1);
  });

  test('what was resolved there since is not paged again', async () => {
    const resolvedAt = tickAt(2).now;
    const state = await backAt('over', 3, [await variant({ phase: 'resolved', resolvedAt })]);
    expect(openKeys(state)).toEqual([]);
    expect(state.outbox).toEqual([]);
  });

  test('an old page goes nowhere; its incident is resolved all the same', async () => {
    const state = await backAt('old', 200, []);
    expect(openKeys(state)).toEqual([KEY]);
    expect(state.outbox).toEqual([]);
  });
});
