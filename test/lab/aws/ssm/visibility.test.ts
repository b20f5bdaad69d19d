import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetParameterCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { answering, invocation, invocations } from './account.ts';
import type { Account } from './account.ts';
import { instanceIdOf } from './shell-machine.ts';

const NEVER = Number.POSITIVE_INFINITY;

async function counts({ client }: Account, CommandId: string) {
  const { Commands = [] } = await client.send(new ListCommandsCommand({ CommandId }));
  const [{ Status, TargetCount, CompletedCount } = {}] = Commands;
  return { Status, TargetCount, CompletedCount };
}

describe('right after SendCommand', () => {
  test('the list of invocations is empty, and a single one does not exist', async () => {
    const made = await answering(2, { behaviour: { invisibleMilliseconds: NEVER } });
    const CommandId = await made.send();
    const list = new ListCommandInvocationsCommand({ CommandId, Details: true });
    const get = new GetCommandInvocationCommand({ CommandId, InstanceId: instanceIdOf(1) });

    expect((await made.client.send(list)).CommandInvocations).toEqual([]);
    await expect(made.client.send(get)).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });

    made.ssm.behave({ invisibleMilliseconds: 0 });
    expect(await invocations(made, CommandId)).toHaveLength(2);
    expect((await made.client.send(get)).StandardOutputContent).toBe('ok');
  });

  test('the counts are 0 of 0, also when all is done', async () => {
    const made = await answering(2, { behaviour: { countsLateMilliseconds: NEVER } });
    const id = await made.send();
    await invocations(made, id);
    expect(await counts(made, id)).toEqual({
      Status: 'Pending',
      TargetCount: 0,
      CompletedCount: 0,
    });

    made.ssm.behave({ countsLateMilliseconds: 0 });
    expect(await counts(made, id)).toEqual({
      Status: 'Success',
      TargetCount: 2,
      CompletedCount: 2,
    });
  });

  test('without details there is no output, and before the end there is none either', async () => {
    const made = await answering(1);
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'offline' });
    const CommandId = await made.send();
    const list = await made.client.send(new ListCommandInvocationsCommand({ CommandId }));
    expect(list.CommandInvocations?.[0]?.CommandPlugins).toEqual([]);
    const InstanceId = instanceIdOf(1);
    const got = await made.client.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
    expect(got).toMatchObject({ ResponseCode: -1, StandardOutputContent: '' });
  });
});

describe('pages', () => {
  const MANY = 120;

  async function sent(): Promise<{ made: Account; CommandId: string }> {
    const made = await answering(MANY);
    const Targets = [{ Key: 'tag:cluster', Values: ['lab'] }];
    const CommandId = await made.send({ Targets, MaxConcurrency: '100%' });
    await invocations(made, CommandId);
    return { made, CommandId };
  }

  test('of 50 at most, each invocation on one of them', async () => {
    const { made, CommandId } = await sent();
    const seen: string[] = [];
    const sizes: number[] = [];
    let NextToken: string | undefined;
    do {
      const list = new ListCommandInvocationsCommand({ CommandId, Details: true, NextToken });
      const page = await made.client.send(list);
      const items = page.CommandInvocations ?? [];
      sizes.push(items.length);
      seen.push(...items.map(({ InstanceId = '' }) => InstanceId));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(sizes).toEqual([50, 50, 20]);
    expect(new Set(seen).size).toBe(MANY);
  });

  test.for([0, 51])('of %i are refused', async (MaxResults) => {
    const made = await answering(1);
    const list = new ListCommandInvocationsCommand({ MaxResults });
    await expect(made.client.send(list)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('a token is valid for its own list alone', async () => {
    const { made, CommandId } = await sent();
    const first = await made.client.send(new ListCommandInvocationsCommand({ CommandId }));
    const { NextToken } = first;
    for (const request of [{ NextToken }, { CommandId, NextToken: 'bm9uc2Vuc2U=' }]) {
      const list = new ListCommandInvocationsCommand(request);
      await expect(made.client.send(list)).rejects.toMatchObject({ name: 'InvalidNextToken' });
    }
  });

  test('the latest commands come first', async () => {
    const made = await answering(1);
    const ids = [await made.send(), await made.send()];
    const { Commands } = await made.client.send(new ListCommandsCommand({}));
    expect(Commands?.map(({ CommandId }) => CommandId)).toEqual(ids.toReversed());
  });

  test('an unknown command is an error in one list and nothing in the other', async () => {
    const { client } = await answering(1);
    const CommandId = '0'.repeat(36);
    const list = new ListCommandsCommand({ CommandId });
    await expect(client.send(list)).rejects.toMatchObject({ name: 'InvalidCommandId' });
    const { CommandInvocations } = await client.send(
      new ListCommandInvocationsCommand({ CommandId }),
    );
    expect(CommandInvocations).toEqual([]);
  });
});

describe('DescribeInstanceInformation', () => {
  test('shows the nodes that a tag selects, ten to a page', async () => {
    const { client } = await answering(14);
    const Filters = [{ Key: 'tag:cluster', Values: ['lab'] }];
    const first = await client.send(new DescribeInstanceInformationCommand({ Filters }));
    expect(first.InstanceInformationList).toHaveLength(10);
    expect(first.InstanceInformationList?.[0]).toMatchObject({
      InstanceId: instanceIdOf(1),
      PingStatus: 'Online',
      ResourceType: 'ManagedInstance',
      ComputerName: 'node1',
      PlatformType: 'Linux',
    });
    const { NextToken } = first;
    const rest = await client.send(new DescribeInstanceInformationCommand({ Filters, NextToken }));
    expect(rest.InstanceInformationList).toHaveLength(4);
    expect(rest.NextToken).toBe('');
  });

  test.for([4, 51])('refuses pages of %i', async (MaxResults) => {
    const { client } = await answering(1);
    const describeNodes = new DescribeInstanceInformationCommand({ MaxResults });
    await expect(client.send(describeNodes)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('refuses a tag beside another filter', async () => {
    const { client } = await answering(1);
    const Filters = [
      { Key: 'tag:cluster', Values: ['lab'] },
      { Key: 'PingStatus', Values: ['Online'] },
    ];
    const describeNodes = new DescribeInstanceInformationCommand({ Filters });
    await expect(client.send(describeNodes)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('calls a silent node online until its heartbeat is missed', async () => {
    expect(await pingStatus(1000)).toBe('Online');
    expect(await pingStatus(0)).toBe('ConnectionLost');
  });
});

describe('GetParameter', () => {
  test('gives a SecureString only with decryption, as it is at that moment', async () => {
    const parameters = new Map([['/lab/kubeconfig', 'one']]);
    const { client } = await answering(1, { parameters });
    const Name = '/lab/kubeconfig';
    const read = async (WithDecryption: boolean): Promise<string | undefined> => {
      const got = await client.send(new GetParameterCommand({ Name, WithDecryption }));
      return got.Parameter?.Value;
    };
    expect(await read(true)).toBe('one');
    expect(await read(false)).not.toBe('one');
    parameters.set(Name, 'two');
    expect(await read(true)).toBe('two');
  });

  test('knows no other name', async () => {
    const { client } = await answering(1);
    const get = new GetParameterCommand({ Name: '/lab/none', WithDecryption: true });
    await expect(client.send(get)).rejects.toMatchObject({ name: 'ParameterNotFound' });
  });
});

test('a finished invocation names its step, its code and its times', async () => {
  const made = await answering(1);
  const over = await invocation(made, await made.send({ Comment: 'run 7' }));
  expect(over).toMatchObject({ InstanceName: 'node1', Comment: 'run 7', Status: 'Success' });
  expect(over.RequestedDateTime).toBeInstanceOf(Date);
  expect(over.CommandPlugins?.[0]).toMatchObject({
    Name: 'probe',
    Status: 'Success',
    ResponseCode: 0,
    Output: 'ok',
    ResponseStartDateTime: expect.any(Date),
    ResponseFinishDateTime: expect.any(Date),
  });
});

/** Of a node that has been offline for some milliseconds. */
async function pingStatus(secondMilliseconds: number): Promise<string | undefined> {
  const made = await answering(1, { secondMilliseconds });
  made.ssm.behaveNode(instanceIdOf(1), { kind: 'offline' });
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  const nodes = await made.client.send(new DescribeInstanceInformationCommand({}));
  return nodes.InstanceInformationList?.[0]?.PingStatus;
}
