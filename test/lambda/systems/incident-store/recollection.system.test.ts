import { expect, test } from 'vitest';
import { withRecollection } from '../../../../lambda/systems/incident-store/recollection.ts';
import type { State } from '../../../../lambda/systems/incident-store/stored.ts';
import { pageAbout } from '../../../support/pages.ts';
import { leaseOf, NOTHING_KNOWN, NOTHING_YET, soon, tickAt, useTable } from './store.ts';

const table = useTable();

const AWAY = { kind: 'dropped-before' } as const;

function stateOf(name: string): State {
  return { incidents: [], outbox: [{ page: pageAbout(name), channels: ['sns'] }] };
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
    mayPage: true,
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

test('what another process has stored meanwhile counts', async () => {
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
  expect((await leaseOf(store, tickAt(3))).state).toEqual(stateOf('theirs'));
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

test.for([
  [0, true],
  [1, false],
  [4, false],
  [5, true],
] as const)(
  'a process that knows nothing pages without the table every five minutes: minute %i, %s',
  async ([minute, mayPage]) => {
    table.database.gate.fail({ operation: '*', fault: AWAY });
    const store = withRecollection(table.store(`blank ${minute}`));
    const blank = await leaseOf(store, tickAt(minute));
    expect(blank).toMatchObject({ state: NOTHING_YET, memory: NOTHING_KNOWN, mayPage });
    // From then on it knows what it has paged.
    expect(await leaseOf(store, tickAt(minute + 1))).toMatchObject({ mayPage: true });
  },
);

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
