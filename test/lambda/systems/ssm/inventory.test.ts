import { describe, expect, test } from 'vitest';
import { inventory } from '../../../../lambda/systems/ssm/inventory.ts';
import { instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { EVERYBODY, watched, deadlineIn, farOff, until, clock } from './watched.ts';

/** Short enough that an agent is called lost at once. */
const QUICK = { secondMilliseconds: 1 };

describe('the inventory', () => {
  test('of targets is every node with the tag, fifty a call', async () => {
    const { ssm, client } = watched({ nodes: 120 });
    const { nodes, troubles } = await inventory(client).ofTargets(EVERYBODY, farOff());
    expect(troubles).toEqual([]);
    expect(nodes).toHaveLength(120);
    expect(nodes[0]).toEqual({
      instanceId: instanceIdOf(1),
      name: 'node1',
      ping: 'Online',
      lastPing: expect.any(Number),
    });
    expect(ssm.gate.count('DescribeInstanceInformation')).toBe(3);
  });

  test('leaves out nodes with another tag', async () => {
    const { client } = watched({ nodes: 2 });
    const others = [{ Key: 'tag:cluster', Values: ['other'] }];
    expect(await inventory(client).ofTargets(others, farOff())).toEqual({
      nodes: [],
      troubles: [],
    });
  });

  test('tells of an agent that is lost, and since when', async () => {
    const { ssm, client } = watched({ nodes: 2, ...QUICK });
    const before = clock.now();
    ssm.behaveNode(instanceIdOf(2), { kind: 'offline' });
    const lost = await until(async () => {
      const { nodes } = await inventory(client).ofNodes([instanceIdOf(2)], farOff());
      return nodes.find(({ ping }) => ping === 'ConnectionLost');
    });
    expect(lost.name).toBe('node2');
    expect(Math.abs((lost.lastPing ?? 0) - before)).toBeLessThan(5000);
  });

  test('of nodes has those that are registered, fifty a call', async () => {
    const { ssm, client } = watched({ nodes: 60 });
    const ids = [...Array(70).keys()].map((index) => instanceIdOf(index + 1));
    const { nodes, troubles } = await inventory(client).ofNodes(ids, farOff());
    expect(troubles).toEqual([]);
    expect(nodes.map(({ instanceId }) => instanceId)).toEqual(ids.slice(0, 60));
    expect(ssm.gate.count('DescribeInstanceInformation')).toBe(2);
  });

  test('of no nodes costs no call', async () => {
    const { ssm, client } = watched({ nodes: 1 });
    expect(await inventory(client).ofNodes([], farOff())).toEqual({ nodes: [], troubles: [] });
    expect(ssm.gate.count('DescribeInstanceInformation')).toBe(0);
  });

  test('cannot be asked for targets without a tag', async () => {
    const { client } = watched({ nodes: 1 });
    const group = [{ Key: 'resource-groups:Name', Values: ['overlay'] }];
    expect(await inventory(client).ofTargets(group, farOff())).toEqual({
      nodes: [],
      troubles: ['the inventory can be asked by tag alone, and the targets name none'],
    });
  });

  test('that is refused half-way keeps what came before', async () => {
    const { ssm, client } = watched({ nodes: 60 });
    const error = { type: 'AccessDeniedException', message: 'no', status: 400 };
    const fault = { kind: 'refused', error } as const;
    ssm.gate.fail({ operation: 'DescribeInstanceInformation', fault, skip: 1 });
    const { nodes, troubles } = await inventory(client).ofTargets(EVERYBODY, farOff());
    expect(nodes).toHaveLength(50);
    expect(troubles).toEqual(['reading the inventory, page 2: AccessDeniedException: no']);
  });

  test('that does not come in time is a trouble', async () => {
    const { ssm, client } = watched({ nodes: 1 });
    ssm.gate.fail({ operation: 'DescribeInstanceInformation', fault: { kind: 'stalled' } });
    expect(await inventory(client).ofTargets(EVERYBODY, deadlineIn(300))).toMatchObject({
      nodes: [],
      troubles: ['reading the inventory, page 1: AbortError: Request aborted'],
      refused: { name: 'AbortError' },
    });
  });
});
