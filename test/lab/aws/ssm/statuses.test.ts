import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
} from '@aws-sdk/client-ssm';
import type { Command, CommandInvocation } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import type { NodeBehaviour } from '../../../../lab/aws/ssm/nodes.ts';
import {
  account,
  answering,
  invocation,
  invocations,
  machine,
  outputOf,
  until,
} from './account.ts';
import type { Account } from './account.ts';
import { instanceIdOf } from './shell-machine.ts';

const NODE = instanceIdOf(1);
const FAILS: NodeBehaviour = { kind: 'answers', stdout: '', exit: 1 };

async function commandOf({ client }: Account, CommandId: string): Promise<Command> {
  const { Commands = [] } = await client.send(new ListCommandsCommand({ CommandId }));
  const [command] = Commands;
  if (command === undefined) throw new Error('The command is not listed.');
  return command;
}

const details = (list: readonly CommandInvocation[]): (string | undefined)[] =>
  list.map(({ StatusDetails }) => StatusDetails);

const shows =
  (status: string) =>
  ({ StatusDetails }: CommandInvocation): boolean =>
    StatusDetails === status;

describe('a node that is offline', () => {
  test('is Delayed, and DeliveryTimedOut when the time for delivery and running is over', async () => {
    const made = await answering(1, { secondMilliseconds: 10 });
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    const id = await made.send({ TimeoutSeconds: 30 });
    await invocation(made, id, shows('Delayed'));
    expect(await invocation(made, id)).toMatchObject({
      Status: 'TimedOut',
      StatusDetails: 'DeliveryTimedOut',
    });
    expect(await commandOf(made, id)).toMatchObject({
      StatusDetails: 'Incomplete',
      TargetCount: 1,
      CompletedCount: 1,
      ErrorCount: 0,
      DeliveryTimedOutCount: 1,
    });
  });

  test('takes the command when it is back in time', async () => {
    const made = await answering(1);
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    const id = await made.send();
    await invocation(made, id, shows('Delayed'));
    made.ssm.behaveNode(NODE, { kind: 'answers', stdout: 'back' });
    expect(outputOf(await invocation(made, id))).toBe('back');
  });

  test('runs nothing when it is back after the time for delivery', async () => {
    const made = await answering(1, { secondMilliseconds: 10 });
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    const id = await made.send({ TimeoutSeconds: 30 });
    const sent = Date.now();
    await until(async () => (Date.now() - sent > 400 ? true : undefined));
    made.ssm.behaveNode(NODE, { kind: 'answers', stdout: 'back' });
    expect(await invocation(made, id)).toMatchObject({ StatusDetails: 'DeliveryTimedOut' });
  });

  test('keeps the answer of what it ran until it is back', async () => {
    const host = await machine();
    const script = 'echo ran; touch ran; until [ -e go ]; do sleep 0.01; done';
    const made = await account(script, { nodes: [{ machine: host, tags: {} }] });
    const id = await made.send();
    await until(async () =>
      (await host.run(['test', '-e', 'ran'])).exit === 0 ? true : undefined,
    );
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    await host.run(['touch', 'go']);
    await until(async () => ((await leftStreams(host)) ? true : undefined));
    await invocation(made, id, shows('InProgress'));
    made.ssm.behaveNode(NODE, { kind: 'online' });
    expect(outputOf(await invocation(made, id))).toBe('ran\n');
  });
});

describe('what the service says of a node', () => {
  test.for(['AccessDenied', 'Undeliverable', 'InvalidPlatform'] as const)('%s', async (status) => {
    const made = await answering(1);
    made.ssm.behaveNode(NODE, { kind: 'refused', status });
    const id = await made.send();
    expect(await invocation(made, id)).toMatchObject({ Status: 'Failed', StatusDetails: status });
    const got = await made.client.send(
      new GetCommandInvocationCommand({ CommandId: id, InstanceId: NODE }),
    );
    expect(got).toMatchObject({ ResponseCode: -1, StandardOutputContent: '' });
  });

  test('a node that is registered and cannot be reached takes nothing from the others', async () => {
    const made = await answering(3);
    made.ssm.behaveNode(instanceIdOf(3), { kind: 'refused', status: 'Undeliverable' });
    const Values = [1, 2, 3].map(instanceIdOf);
    const id = await made.send({ Targets: [{ Key: 'InstanceIds', Values }] });
    const list = await invocations(made, id);
    expect(details(list)).toEqual(['Success', 'Success', 'Undeliverable']);
    expect((await commandOf(made, id)).StatusDetails).toBe('Success');
  });

  test('a tag that no node has makes a command without targets', async () => {
    const made = await answering(2);
    const id = await made.send({ Targets: [{ Key: 'tag:cluster', Values: ['other'] }] });
    expect(await commandOf(made, id)).toMatchObject({
      StatusDetails: 'NoInstancesInTag',
      TargetCount: 0,
    });
  });

  test('the details are also known with spaces', async () => {
    const made = await answering(1, { secondMilliseconds: 1, behaviour: { spelling: 'spaced' } });
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    const over = await invocation(made, await made.send({ TimeoutSeconds: 30 }));
    expect(over).toMatchObject({ Status: 'TimedOut', StatusDetails: 'Delivery Timed Out' });
  });
});

describe('MaxErrors and MaxConcurrency', () => {
  test('by default the first failure terminates what is not yet sent', async () => {
    const made = await answering(4);
    made.ssm.behaveNode(NODE, FAILS);
    const id = await made.send({ MaxConcurrency: '1' });
    expect(details(await invocations(made, id))).toEqual([
      'Failed',
      'Terminated',
      'Terminated',
      'Terminated',
    ]);
    expect(await commandOf(made, id)).toMatchObject({
      Status: 'Failed',
      StatusDetails: 'Failed',
      CompletedCount: 4,
      ErrorCount: 1,
    });
  });

  test('with 100 % errors allowed all are sent', async () => {
    const made = await answering(4);
    for (const number of [1, 2]) made.ssm.behaveNode(instanceIdOf(number), FAILS);
    const id = await made.send({ MaxConcurrency: '1', MaxErrors: '100%' });
    const list = await invocations(made, id);
    expect(details(list)).toEqual(['Failed', 'Failed', 'Success', 'Success']);
    expect((await commandOf(made, id)).StatusDetails).toBe('Incomplete');
  });

  test('what could not be delivered does not count as an error', async () => {
    const made = await answering(3);
    made.ssm.behaveNode(NODE, { kind: 'refused', status: 'AccessDenied' });
    const list = await invocations(made, await made.send({ MaxConcurrency: '1' }));
    expect(details(list)).toEqual(['AccessDenied', 'Success', 'Success']);
  });

  test('a node that does not answer holds up those behind it', async () => {
    const made = await answering(3);
    made.ssm.behaveNode(NODE, { kind: 'offline' });
    const id = await made.send({ MaxConcurrency: '34%' });
    expect(details(await invocations(made, id, () => true))).toEqual([
      'Delayed',
      'Pending',
      'Pending',
    ]);
    made.ssm.behaveNode(NODE, { kind: 'answers', stdout: '' });
    expect(details(await invocations(made, id))).toEqual(['Success', 'Success', 'Success']);
  });
});

describe('CancelCommand', () => {
  test('kills what runs and drops what waits', async () => {
    const host = await machine();
    const made = await account('echo $$ >pid; sleep 300', {
      nodes: [{ machine: host, tags: {} }],
    });
    const id = await made.send();
    const pid = await until(async () => {
      const { stdout } = await host.run(['sh', '-c', 'cat pid 2>/dev/null']);
      return stdout.trim() === '' ? undefined : Number(stdout);
    });
    await made.client.send(new CancelCommandCommand({ CommandId: id }));
    const over = await invocation(made, id);
    expect(over).toMatchObject({ Status: 'Cancelled', StatusDetails: 'Cancelled' });
    expect((await commandOf(made, id)).StatusDetails).toBe('Cancelled');
    await until(async () =>
      (await host.run(['kill', '-0', `${pid}`])).exit === 0 ? undefined : true,
    );
  });

  test('on some nodes leaves the others', async () => {
    const made = await answering(3);
    for (const number of [1, 2]) made.ssm.behaveNode(instanceIdOf(number), { kind: 'offline' });
    const id = await made.send();
    const cancel = { CommandId: id, InstanceIds: [instanceIdOf(2), instanceIdOf(3)] };
    await made.client.send(new CancelCommandCommand(cancel));
    const list = await until(async () => {
      const now = await invocations(made, id, () => true);
      return now[2]?.StatusDetails === 'Success' ? now : undefined;
    });
    expect(details(list)).toEqual(['Delayed', 'Cancelled', 'Success']);
  });

  test('of an unknown command, or on a node it was not sent to, is refused', async () => {
    const made = await answering(1);
    const CommandId = await made.send();
    const unknown = new CancelCommandCommand({ CommandId: '0'.repeat(36) });
    await expect(made.client.send(unknown)).rejects.toMatchObject({ name: 'InvalidCommandId' });
    const strange = new CancelCommandCommand({ CommandId, InstanceIds: [instanceIdOf(5)] });
    await expect(made.client.send(strange)).rejects.toMatchObject({ name: 'InvalidInstanceId' });
  });
});

describe('a node can', () => {
  test('answer late', async () => {
    const host = await machine();
    const made = await account('echo ran >>runs; echo ran', {
      nodes: [{ machine: host, tags: {} }],
    });
    made.ssm.behaveNode(NODE, { kind: 'late', milliseconds: 300 });
    const id = await made.send();
    await until(async () => ((await leftStreams(host)) ? true : undefined));
    await invocation(made, id, shows('InProgress'));
    expect(outputOf(await invocation(made, id))).toBe('ran\n');
  });

  test('have its answer changed on the way', async () => {
    const host = await machine();
    const made = await account('echo "host node1"', { nodes: [{ machine: host, tags: {} }] });
    made.ssm.behaveNode(NODE, {
      kind: 'rewrites',
      rewrite: (stdout) => stdout.replace('node1', 'node2'),
    });
    expect(outputOf(await invocation(made, await made.send()))).toBe('host node2\n');
  });

  test.for([
    ['Success', 0],
    ['Failed', 1],
  ] as const)('have a full disk: %s, and both streams are empty', async ([reports, code]) => {
    const made = await answering(1);
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'disk-full', reports });
    const over = await invocation(made, await made.send());
    expect(over).toMatchObject({ Status: reports, CommandPlugins: [{ ResponseCode: code }] });
    expect(outputOf(over)).toBe('');
  });

  test('run a command twice, with both outputs in one', async () => {
    const nodes = [{ machine: await machine(), tags: {} }];
    const made = await account('echo "$$"', { nodes });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'runs-twice' });
    const [first, second, ...rest] = (
      outputOf(await invocation(made, await made.send())) ?? ''
    ).split('\n');
    expect(rest).toEqual(['']);
    expect(first).toMatch(/^\d+$/);
    expect(second).not.toBe(first);
  });

  test('be broken in a way of the lab’s own, which is a failure and not silence', async () => {
    const made = await answering(1);
    made.ssm.behaveNode(NODE, { kind: 'online' });
    const over = await invocation(made, await made.send());
    expect(over.StatusDetails).toBe('Failed');
    expect(outputOf(over)).toMatch(/the lab could not run it on node1/);
  });
});

async function leftStreams(host: Awaited<ReturnType<typeof machine>>): Promise<boolean> {
  const command = 'find var/lib/amazon -name stderrConsole | grep -q .';
  return (await host.run(['sh', '-c', command])).exit === 0;
}
