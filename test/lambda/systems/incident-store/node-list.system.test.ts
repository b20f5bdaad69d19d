import { describe, expect, test } from 'vitest';
import { bucketOf, NODE_BUCKETS } from '../../../../shared/contract/node-list.ts';
import { NO_LIST, type RememberedList } from '../../../../shared/core/nodes/remembered-list.ts';
import { farOff } from '../../../support/deadlines.ts';
import type { Lease } from '../../../../lambda/systems/incident-store/incident-store.ts';
import { putItem } from '../../../../lambda/systems/incident-store/items.ts';
import { leaseOf, soon, tickAt, useTable } from './store.ts';

const table = useTable();

const hex = (digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join('');
const mac = (): string => Array.from({ length: 6 }, () => hex(2)).join(':');

/** Lines of dual-stack nodes with all fields, whose ids and addresses are random. */
function linesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const [third, fourth] = [Math.floor(at / 250), at % 250];
    const uid = [8, 4, 4, 4, 12].map(hex).join('-');
    return (
      `node ip-10-10-${third}-${fourth}.eu-west-1.compute.internal ${uid} 2026-11-11T04:25:41Z i-0${hex(16)} ` +
      `10.10.${third}.${fourth},fd00:${hex(4)}::${hex(4)} 10.128.${fourth}.0/24,fd00:10:${hex(4)}::/64 ` +
      `vxlan ${mac()} 10.10.${third}.${fourth} - ${mac()} fd00:${hex(4)}::${hex(4)} - - - - - - eu-west-1a -`
    );
  });
}

function listOf(lines: readonly string[], version = '7'): RememberedList {
  const buckets = Array.from({ length: NODE_BUCKETS }, (_, bucket) =>
    lines.filter((line) => bucketOf(line.split(' ')[1] ?? '') === bucket),
  );
  return { ...NO_LIST, buckets, agreedAt: buckets.map(() => 1), answeredAt: 1, version };
}

async function written(name: string, at: number, list: RememberedList): Promise<number> {
  const lease = await leaseOf(table.store(name), tickAt(at));
  const before = table.database.gate.calls.length;
  await lease.saveNodeList(list, farOff());
  await lease.release(soon());
  return table.database.gate.calls.slice(before).filter(({ operation }) => operation === 'PutItem')
    .length;
}

async function read(name: string, at: number): Promise<RememberedList | undefined> {
  const lease = await leaseOf(table.store(name), tickAt(at));
  await lease.release(soon());
  return lease.nodeList;
}

describe('the node list', () => {
  test.for([0, 6, 5000])(
    'of %i nodes is read as it was written',
    { timeout: 60_000 },
    async (count) => {
      const list = listOf(linesOf(count));
      const name = `list of ${count}`;
      expect(await read(name, 0)).toBeUndefined();
      await written(name, 1, list);
      expect(await read(name, 2)).toEqual(list);
    },
  );

  test('is written where it changed alone', { timeout: 60_000 }, async () => {
    const lines = linesOf(2000);
    expect(await written('large', 0, listOf(lines))).toBe(17);
    expect(await written('large', 1, listOf(lines, '8'))).toBe(1);
    const later = listOf(lines.slice(0, -1), '9');
    expect(await written('large', 2, later)).toBe(2);
    expect(await read('large', 3)).toEqual(later);
  });

  test(
    'is fetched again where it cannot be read, which is a problem',
    { timeout: 60_000 },
    async () => {
      const spoil = async (sort: string): Promise<void> => {
        const attributes = { document: { S: 'garbage' } };
        await putItem(table.partition('spoilt'), { sort, attributes }, soon());
      };
      const readAgain = async (at: number): Promise<Lease> => {
        const lease = await leaseOf(table.store('spoilt'), tickAt(at));
        await lease.release(soon());
        return lease;
      };
      const lines = linesOf(2000);
      await written('spoilt', 0, listOf(lines));
      await spoil('NODES#3#0');
      const part = await readAgain(1);
      expect(part.nodeList?.agreedAt.filter((at) => at === 0)).toHaveLength(4);
      expect(part.problems).toEqual([
        {
          where: 'DynamoDB',
          message: expect.stringMatching(
            /^reading item NODES#3#0 .*: its nodes are fetched again$/,
          ),
        },
      ]);
      await spoil('NODES');
      const whole = await readAgain(2);
      expect(whole.nodeList).toBeUndefined();
      expect(whole.problems).toEqual([
        {
          where: 'DynamoDB',
          message: expect.stringMatching(
            /^reading item NODES .*: the node list is not remembered$/,
          ),
        },
      ]);
    },
  );

  test('stays what it was where a write dies before its head', async () => {
    const first = listOf(linesOf(6));
    await written('torn', 0, first);
    const lease = await leaseOf(table.store('torn'), tickAt(1));
    const fault = {
      kind: 'refused',
      error: { type: 'InternalServerError', message: 'no', status: 500 },
    } as const;
    table.database.gate.fail({ operation: 'PutItem', fault, skip: 1, times: 10 });
    await expect(lease.saveNodeList(listOf(linesOf(7)), soon())).rejects.toThrow('no');
    table.database.gate.open();
    expect(await read('torn', 2)).toEqual(first);
  });
});
