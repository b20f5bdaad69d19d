import { describe, expect, test } from 'vitest';
import { incidentStore } from '../../../../lambda/systems/incident-store/incident-store.ts';
import { leaseOf, NOTHING_KNOWN, soon, tickAt, useTable } from './store.ts';
import { deadlineIn } from '../../../support/deadlines.ts';
import { NOTHING_STORED } from '../../../../lambda/systems/incident-store/stored.ts';

const table = useTable();

const LOST_ANSWER = { kind: 'dropped-after' } as const;
const REFUSED = {
  kind: 'refused',
  reason: 'the tick of 2026-11-23T09:00:00.000Z has run already, or runs now',
};

describe('a run begins', () => {
  test('on an empty table, with nothing remembered', async () => {
    expect(await table.store('first').acquire(tickAt(0), soon())).toMatchObject({
      kind: 'lease',
      state: NOTHING_STORED,
      memory: NOTHING_KNOWN,
    });
  });

  test('at a later tick, once the earlier run has given its lease back', async () => {
    const store = table.store('later');
    await (await leaseOf(store, tickAt(0))).release(soon());
    expect(await store.acquire(tickAt(1), soon())).toMatchObject({ kind: 'lease' });
  });

  test('at a later tick, though the earlier run died with its lease', async () => {
    const store = table.store('died');
    await leaseOf(store, tickAt(0));
    expect(await store.acquire(tickAt(1), soon())).toMatchObject({ kind: 'lease' });
  });

  test('for one cluster beside a run for another', async () => {
    await leaseOf(table.store('one'), tickAt(0));
    expect(await table.store('two').acquire(tickAt(0), soon())).toMatchObject({ kind: 'lease' });
  });

  test('when the answer to its own lease was lost on the way back', async () => {
    table.database.gate.fail({ operation: 'PutItem', fault: LOST_ANSWER, times: 2 });
    const lease = await table.store('lost', 3).acquire(tickAt(0), soon());
    expect(lease).toMatchObject({ kind: 'lease' });
    expect(table.database.gate.calls.slice(-6).map(({ operation }) => operation)).toEqual([
      'PutItem',
      'PutItem',
      'PutItem',
      'GetItem',
      'GetItem',
      'GetItem',
    ]);
  });
});

describe('a run is refused', () => {
  test('at a tick that runs', async () => {
    const store = table.store('twice');
    await leaseOf(store, tickAt(0));
    expect(await store.acquire(tickAt(0, 'the duplicate'), soon())).toEqual(REFUSED);
  });

  test('at a tick that has run', async () => {
    const store = table.store('over');
    await (await leaseOf(store, tickAt(0))).release(soon());
    expect(await store.acquire(tickAt(0, 'the duplicate'), soon())).toEqual(REFUSED);
  });

  test('at a tick whose run died', async () => {
    const store = table.store('died twice');
    const { expiresAt } = tickAt(0);
    await leaseOf(store, tickAt(0));
    const late = { ...tickAt(0, 'the duplicate'), now: expiresAt + 1 };
    expect(await store.acquire(late, soon())).toEqual(REFUSED);
  });

  test('at a tick before one that has run', async () => {
    const store = table.store('overtaken');
    await (await leaseOf(store, tickAt(1))).release(soon());
    const late = { ...tickAt(0), now: tickAt(2).now };
    expect(await store.acquire(late, soon())).toEqual({
      kind: 'refused',
      reason:
        'the tick of 2026-11-23T09:00:00.000Z comes too late: that of 2026-11-23T09:01:00.000Z has run already',
    });
  });

  test('while another is under way, to the last millisecond of its lease', async () => {
    const store = table.store('under way');
    const { expiresAt } = tickAt(0);
    await leaseOf(store, tickAt(0));
    const next = { ...tickAt(1), now: expiresAt };
    expect(await store.acquire(next, soon())).toEqual({
      kind: 'refused',
      reason: 'the run of 2026-11-23T09:00:00.000Z is still under way',
    });
    expect(await store.acquire({ ...next, now: expiresAt + 1 }, soon())).toMatchObject({
      kind: 'lease',
    });
  });

  test('when another took the lease while its own call got lost', async () => {
    const store = table.store('raced', 3);
    table.database.gate.fail({ operation: 'PutItem', fault: { kind: 'dropped-before' }, times: 1 });
    const [one, two] = await Promise.all([
      store.acquire(tickAt(0, 'the first'), soon()),
      store.acquire(tickAt(0, 'the second'), soon()),
    ]);
    expect([one.kind, two.kind].toSorted()).toEqual(['lease', 'refused']);
  });

  test('by the table, of ten at once all but one', async () => {
    const store = table.store('large');
    const owners = Array.from({ length: 10 }, (_, at) => `run ${at}`);
    const all = await Promise.all(owners.map((owner) => store.acquire(tickAt(0, owner), soon())));
    expect(all.filter(({ kind }) => kind === 'lease')).toHaveLength(1);
    expect(all.filter(({ kind }) => kind === 'refused')).toHaveLength(9);
  });
});

describe('giving a lease back', () => {
  test('is no matter of a lost answer', async () => {
    const store = table.store('release', 3);
    const lease = await leaseOf(store, tickAt(0));
    table.database.gate.fail({ operation: 'UpdateItem', fault: LOST_ANSWER, times: 1 });
    await lease.release(soon());
    expect(await store.acquire({ ...tickAt(1), now: tickAt(0).now }, soon())).toMatchObject({
      kind: 'lease',
    });
  });

  test('leaves alone the lease of a run that has followed', async () => {
    const store = table.store('slow');
    const slow = await leaseOf(store, tickAt(0));
    await leaseOf(store, tickAt(1));
    await slow.release(soon());
    const third = { ...tickAt(2), now: tickAt(1).now };
    expect(await store.acquire(third, soon())).toMatchObject({ kind: 'refused' });
  });

  test('that fails is an error that names the item', async () => {
    const lease = await leaseOf(table.store('stuck'), tickAt(0));
    table.database.gate.limit({ operation: 'UpdateItem', burst: 0, perSecond: 0 });
    await expect(lease.release(soon())).rejects.toThrow(
      'writing item LEASE of cluster stuck in table vtepwatch',
    );
  });
});

describe('a table that', () => {
  test('refuses is an error that names the item, and no refusal of the run', async () => {
    table.database.gate.limit({ operation: 'PutItem', burst: 0, perSecond: 0 });
    await expect(table.store('busy').acquire(tickAt(0), soon())).rejects.toMatchObject({
      message: 'writing item LEASE of cluster busy in table vtepwatch',
      cause: { name: 'ThrottlingException' },
    });
  });

  test('is not there is an error that names it', async () => {
    const nowhere = { ...table.partition('lab'), table: 'no-such-table' };

    await expect(incidentStore(nowhere).acquire(tickAt(0), soon())).rejects.toMatchObject({
      message: 'writing item LEASE of cluster lab in table no-such-table',
      cause: { name: 'ResourceNotFoundException' },
    });
  });

  test('does not answer is given up at the deadline', async () => {
    table.database.gate.fail({ operation: 'PutItem', fault: { kind: 'stalled' } });
    await expect(
      table.store('stalled', 3).acquire(tickAt(0), deadlineIn(100)),
    ).rejects.toMatchObject({ cause: { name: 'AbortError' } });
  });

  test('takes the lease and gives no state is left free for the next run', async () => {
    table.database.gate.fail({ operation: 'GetItem', fault: { kind: 'stalled' } });
    const store = table.store('half', 3);
    await expect(store.acquire(tickAt(0), deadlineIn(3000))).rejects.toThrow(
      /^reading item (STATE|ROSTER|NODES)/,
    );
    table.database.gate.open();
    expect((await store.acquire(tickAt(1), soon())).kind).toBe('lease');
  });

  test('cannot be read is an error that names the item', async () => {
    table.database.gate.limit({ operation: 'GetItem', burst: 0, perSecond: 0 });
    await expect(table.store('unread').acquire(tickAt(0), soon())).rejects.toThrow(
      /^reading item (STATE|ROSTER) of cluster unread in table vtepwatch$/,
    );
  });
});
