import { describe, expect, test } from 'vitest';
import { putItem } from '../../../../lambda/systems/incident-store/items.ts';
import type { Memory } from '../../../../lambda/systems/incident-store/stored.ts';
import type { RosterEntry } from '../../../../shared/core/facts.ts';
import { cidr, ip } from '../../../support/addressing.ts';
import { farOff } from '../../../support/deadlines.ts';
import { leaseOf, NOTHING_KNOWN, soon, tickAt, useTable } from './store.ts';

const table = useTable();

const hex = (digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join('');
const mac = (): string => Array.from({ length: 6 }, () => hex(2)).join(':');
const octet = (): number => 1 + Math.floor(Math.random() * 250);
/** A group of an IPv6 address without a leading zero. */
const group = (): string => (0x1000 + Math.floor(Math.random() * 0xefff)).toString(16);

const NOW = 1_795_424_400_000;

/** Dual-stack nodes whose ids, MACs and addresses are random, as clouds and kernels draw them. */
function rosterOf(count: number, lastSeen: (at: number) => number = () => NOW): RosterEntry[] {
  return Array.from({ length: count }, (_, at) => {
    const node = `ip-10-${octet()}-${octet()}-${at}.eu-west-1.compute.internal`;
    const tunnel = `10.${128 + Math.floor(at / 256)}.${at % 256}.0`;
    const tunnelV6 = `fd00:${group()}:${group()}:${group()}::`;
    return {
      node,
      instanceId: `i-0${hex(16)}`,
      vteps: [
        {
          node,
          family: 'ipv4',
          underlayIp: ip(`10.${octet()}.${octet()}.${octet()}`),
          tunnelIp: ip(tunnel),
          mac: mac(),
          podCidr: cidr(`${tunnel}/24`),
        },
        {
          node,
          family: 'ipv6',
          underlayIp: ip(
            `2001:db8:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}`,
          ),
          tunnelIp: ip(tunnelV6),
          mac: mac(),
          podCidr: cidr(`${tunnelV6}/64`),
        },
      ],
      master: at < 3,
      lastSeen: lastSeen(at),
      devices: [
        { family: 'ipv4', index: octet() },
        { family: 'ipv6', index: octet() },
      ],
    };
  });
}

const byName = (roster: readonly RosterEntry[]): readonly RosterEntry[] =>
  roster.toSorted((one, two) => (one.node < two.node ? -1 : 1));

/** How many items a run writes for what it remembers. */
async function written(name: string, at: number, memory: Memory): Promise<number> {
  const lease = await leaseOf(table.store(name), tickAt(at));
  const before = table.database.gate.calls.length;
  await lease.saveMemory(memory, farOff());
  await lease.release(soon());
  const calls = table.database.gate.calls.slice(before);
  return calls.filter(({ operation }) => operation === 'PutItem').length;
}

async function read(name: string, at: number): Promise<Memory> {
  const lease = await leaseOf(table.store(name), tickAt(at));
  await lease.release(soon());
  expect(lease.problems).toEqual([]);
  return lease.memory;
}

describe('what is remembered', { timeout: 60_000 }, () => {
  test('of 5,000 dual-stack nodes fits, and is read as it was written', async () => {
    const roster = rosterOf(5000);
    await written('large', 0, { ...NOTHING_KNOWN, roster, listed: roster.map(({ node }) => node) });
    const memory = await read('large', 1);
    expect(byName(memory.roster)).toEqual(byName(roster));
    expect(memory.listed).toHaveLength(5000);
  });

  test('fits also where not one of them answers, each for its own time', async () => {
    const roster = rosterOf(5000, (at) => NOW - at * 977);
    const ids = roster.map(({ instanceId = '' }) => instanceId);
    const memory: Memory = {
      ...NOTHING_KNOWN,
      roster,
      listed: roster.map(({ node }) => node),
      silent: ids,
      agents: {
        listedAt: NOW,
        nodes: ids.map((instanceId, at) => ({
          instanceId,
          name: roster[at]?.node ?? '',
          ping: 'ConnectionLost',
          lastPing: NOW - at * 1013,
        })),
        gone: ids,
      },
    };
    await written('silent', 0, memory);
    const { roster: again, ...rest } = await read('silent', 1);
    const { roster: _roster, ...expected } = memory;
    expect(byName(again)).toEqual(byName(roster));
    expect(rest).toEqual(expected);
  });

  test('of a node whose name every object has is its own', async () => {
    const [first, ...others] = rosterOf(1200, (at) => (at === 7 ? NOW - 60_000 : NOW));
    if (first === undefined) throw new Error('there are nodes');
    const roster = [{ ...first, node: 'constructor' }, ...others];
    await written('named', 0, { ...NOTHING_KNOWN, roster });
    expect(byName((await read('named', 1)).roster)).toEqual(byName(roster));
  });

  test('is written where it changed alone, and not because time went on', async () => {
    const roster = rosterOf(2000);
    expect(await written('parts', 0, { ...NOTHING_KNOWN, roster })).toBe(17);
    const later = roster.map((entry) => ({ ...entry, lastSeen: NOW + 60_000 }));
    expect(await written('parts', 1, { ...NOTHING_KNOWN, roster: later })).toBe(1);
    const [first, ...others] = later;
    const changed = [
      ...(first === undefined ? [] : [{ ...first, master: !first.master }]),
      ...others,
    ];
    expect(await written('parts', 2, { ...NOTHING_KNOWN, roster: changed })).toBe(2);
    expect(byName((await read('parts', 3)).roster)).toEqual(byName(changed));
  });

  test('stays what it was where a write dies before its last item', async () => {
    const roster = rosterOf(1200);
    await written('torn', 0, { ...NOTHING_KNOWN, roster });
    const lease = await leaseOf(table.store('torn'), tickAt(1));
    const error = { type: 'InternalServerError', message: 'no', status: 500 };
    table.database.gate.fail({
      operation: 'PutItem',
      fault: { kind: 'refused', error },
      skip: 12,
      times: 10,
    });
    const other = { ...NOTHING_KNOWN, roster: rosterOf(1200) };
    await expect(lease.saveMemory(other, soon())).rejects.toThrow('writing item ROSTER');
    table.database.gate.open();
    expect(byName((await read('torn', 2)).roster)).toEqual(byName(roster));
  });

  test('lacks the nodes of a part that cannot be understood, which is a problem', async () => {
    const roster = rosterOf(1200);
    await written('spoiled', 0, { ...NOTHING_KNOWN, roster });
    const partition = table.partition('spoiled');
    const attributes = { document: { B: new Uint8Array([1, 2, 3]) } };
    await putItem(partition, { sort: 'ROSTER#3#0', attributes }, soon());
    const lease = await leaseOf(table.store('spoiled'), tickAt(1));
    await lease.release(soon());
    expect(lease.problems).toEqual([
      {
        where: 'DynamoDB',
        message: expect.stringMatching(/^reading item ROSTER#3#0 .* remembered$/),
      },
    ]);
    expect(lease.memory.roster.length).toBeGreaterThan(1000);
    expect(lease.memory.roster.length).toBeLessThan(1200);
  });

  test('is not lost where a part cannot be read now', async () => {
    const roster = rosterOf(1200);
    await written('unread part', 0, { ...NOTHING_KNOWN, roster });
    const error = { type: 'InternalServerError', message: 'no', status: 500 };
    const fault = { kind: 'refused', error } as const;
    table.database.gate.fail({ operation: 'GetItem', fault, skip: 5, times: 3 });
    await expect(table.store('unread part').acquire(tickAt(1), soon())).rejects.toThrow(/ROSTER#/);
    table.database.gate.open();
    expect(byName((await read('unread part', 2)).roster)).toEqual(byName(roster));
  });

  test('is one item again where the cluster has become small', async () => {
    await written('shrunk', 0, { ...NOTHING_KNOWN, roster: rosterOf(1200) });
    const roster = rosterOf(6);
    expect(await written('shrunk', 1, { ...NOTHING_KNOWN, roster })).toBe(1);
    expect((await read('shrunk', 2)).roster).toEqual(roster);
  });
});
