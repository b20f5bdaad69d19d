import { CancelCommandCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { inventory } from '../../../../lambda/systems/ssm/inventory.ts';
import { SILENCES } from '../../../../shared/core/silence.ts';
import type { HostAnswer } from '../../../../lambda/systems/ssm/answers.ts';
import { absentMachine, instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import {
  DOCUMENT,
  says,
  sentToAll,
  textsOf,
  watched,
  deadlineIn,
  farOff,
  until,
} from './watched.ts';
import type { Watched } from './watched.ts';

const NOT_FOUND = { type: 'InvocationDoesNotExist', message: '', status: 400 } as const;

/** Short enough that minutes are over at once. */
const QUICK = { secondMilliseconds: 1 };

/** What node 1 answered, once it is what is waited for. */
async function answer(
  { runCommand }: Watched,
  id: string,
  kind: HostAnswer['kind'],
): Promise<HostAnswer> {
  return until(async () => {
    const { byInstance } = await runCommand.peek(id, farOff());
    const found = byInstance.get(instanceIdOf(1));
    return found?.kind === kind ? found : undefined;
  });
}

test('a list that ends with an empty token ends', async () => {
  const made = watched({ nodes: 1 });
  const body = JSON.stringify({ CommandInvocations: [], NextToken: '' });
  const fault = { kind: 'garbled', status: 200, body } as const;
  made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault });
  const { troubles } = await made.runCommand.peek(await sentToAll(made), farOff());
  expect(troubles).toEqual([]);
  expect(made.ssm.gate.count('ListCommandInvocations')).toBe(1);
});

describe('an answer', () => {
  test('that fits a page costs no call of its own', async () => {
    const made = watched({ nodes: 2 });
    says(made.ssm, 1, 'x'.repeat(2499));
    const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(textsOf(byInstance)).toEqual({ 1: 'x'.repeat(2499), 2: 'answer of 2' });
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(0);
  });

  test('that does not fit a page is fetched whole, each by itself', async () => {
    const made = watched({ nodes: 20 });
    const long = [3, 4, 5, 6, 7, 8, 9, 15];
    for (const number of long) says(made.ssm, number, `${number} `.repeat(1250));
    const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(textsOf(byInstance)).toMatchObject({ 1: 'answer of 1', 2: 'answer of 2' });
    for (const number of long) {
      expect(textsOf(byInstance)).toMatchObject({ [number]: `${number} `.repeat(1250) });
    }
    expect(made.ssm.gate.count('GetCommandInvocation')).toBe(long.length);
  });

  test('is fetched whole by its bytes, however few characters they are', async () => {
    const made = watched({ nodes: 1 });
    says(made.ssm, 1, 'é'.repeat(2000));
    const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(textsOf(byInstance)).toEqual({ 1: 'é'.repeat(2000) });
  });

  test('over 24,000 bytes is cut by the service, with its mark', async () => {
    const made = watched({ nodes: 1 });
    says(made.ssm, 1, 'x'.repeat(30_000));
    const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(textsOf(byInstance)).toEqual({ 1: `${'x'.repeat(23_980)}--output truncated--` });
  });

  test.for([
    ['a short error', 'answer\n', 'warning: deprecated'],
    ['an error that quotes the title of errors', 'answer\n', 'a\n----------ERROR-------\nb'],
    ['an error so long that it is cut', 'answer\n', 'e'.repeat(5000)],
    ['an error that is cut beside an answer that is', 'answer\n'.repeat(900), 'e'.repeat(5000)],
    ['an error that pushes the answer off the page', 'answer\n'.repeat(355), 'e'.repeat(100)],
    ['an error after no answer', '', 'sh: not found'],
  ] as const)('beside %s is without it', async ([, stdout, stderr]) => {
    const made = watched({ nodes: 1 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'answers', stdout, stderr });
    const { byInstance } = await made.runCommand.peek(await sentToAll(made), farOff());
    expect(textsOf(byInstance)).toEqual({ 1: stdout });
  });

  test('that cannot be fetched is none, and the others are kept', async () => {
    const made = watched({ nodes: 3 });
    says(made.ssm, 2, 'x'.repeat(3000));
    const id = await sentToAll(made);
    const fault = { kind: 'refused', error: NOT_FOUND } as const;
    made.ssm.gate.fail({ operation: 'GetCommandInvocation', fault });
    const { byInstance } = await made.runCommand.peek(id, farOff());
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 3: 'answer of 3' });
    expect(byInstance.get(instanceIdOf(2))).toMatchObject({
      kind: 'ended',
      reason: expect.stringMatching(/^fetching the whole answer: InvocationDoesNotExist/),
      error: '_OTHER',
    });
  });

  test('that cannot be fetched in time is none', async () => {
    const made = watched({ nodes: 1 });
    says(made.ssm, 1, 'x'.repeat(3000));
    const id = await sentToAll(made);
    made.ssm.gate.fail({ operation: 'GetCommandInvocation', fault: { kind: 'stalled' } });
    const { byInstance } = await made.runCommand.peek(id, deadlineIn(2000));
    expect(byInstance.get(instanceIdOf(1))).toMatchObject({
      kind: 'ended',
      reason: 'fetching the whole answer: AbortError: Request aborted',
    });
  });
});

describe('a page', () => {
  test.for([
    [1, 0],
    [2, 50],
    [3, 100],
  ] as const)('the %i. that fails leaves %i hosts', async ([page, hosts]) => {
    const made = watched({ nodes: 120 });
    const id = await sentToAll(made);
    const error = { type: 'InvalidNextToken', message: 'no', status: 400 };
    made.ssm.gate.fail({
      operation: 'ListCommandInvocations',
      fault: { kind: 'refused', error },
      skip: page - 1,
    });
    const { byInstance, troubles } = await made.runCommand.peek(id, farOff());
    expect(byInstance.size).toBe(hosts);
    expect(troubles).toEqual([`listing the hosts' answers, page ${page}: InvalidNextToken: no`]);
  });

  test('that does not come in time leaves those before', async () => {
    const made = watched({ nodes: 60 });
    const id = await sentToAll(made);
    made.ssm.gate.fail({
      operation: 'ListCommandInvocations',
      fault: { kind: 'stalled' },
      skip: 1,
    });
    const { byInstance, troubles } = await made.runCommand.peek(id, deadlineIn(2000));
    expect(byInstance.size).toBe(50);
    expect(troubles).toEqual(["listing the hosts' answers, page 2: AbortError: Request aborted"]);
  });

  test('that is no JSON is a trouble', async () => {
    const made = watched({ nodes: 1 });
    const id = await sentToAll(made);
    const fault = { kind: 'garbled', status: 200, body: '<html>proxy</html>' } as const;
    made.ssm.gate.fail({ operation: 'ListCommandInvocations', fault });
    const { byInstance, troubles } = await made.runCommand.peek(id, farOff());
    expect(byInstance.size).toBe(0);
    expect(troubles).toEqual([expect.stringMatching(/page 1: SyntaxError: .*JSON/)]);
  });
});

describe('what has become of a command on a host', () => {
  test.for([
    [1, 'the command ended as Failed: failed to run commands: exit status 1', '_OTHER'],
    [169, 'the command ended as Failed: failed to run commands: exit status 169', '_OTHER'],
  ] as const)('exit %i', async ([exit, reason, error]) => {
    const made = watched({ nodes: 1 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'answers', stdout: '', exit });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason,
      error,
    });
  });

  test('a script that fails is quoted by the first line of its errors, shortened', async () => {
    const made = watched({ nodes: 1 });
    const stdout = 'vtepwatch 1 begin tables\n';
    const stderr = `${'no such file '.repeat(20)}\nsecond line`;
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'answers', stdout, stderr, exit: 1 });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason: `the command ended as Failed: ${stderr.slice(0, 160)}`,
      error: '_OTHER',
    });
  });

  test('what a host wrote to standard error acts on no terminal', async () => {
    const made = watched({ nodes: 1 });
    const stderr = '\u001b]0;owned\u0007\u202egnihton\n';
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'answers', stdout: '', stderr, exit: 1 });
    expect(await answer(made, await sentToAll(made), 'ended')).toMatchObject({
      reason: 'the command ended as Failed: ?]0;owned??gnihton',
    });
  });

  test('one that is killed without a word of error is quoted by its output', async () => {
    const made = watched({ nodes: 1 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'answers', stdout: '\nKilled\n', exit: 137 });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason: `the command ended as ExecutionTimedOut: Killed; ${SILENCES['timed-out'].advice}`,
      silence: 'timed-out',
      error: 'timeout',
    });
  });

  test.for([
    ['Success', 'the command ended as Success without any output', 'bad_output'],
    ['Failed', 'the command ended as Failed', '_OTHER'],
  ] as const)('a full disk, reported as %s', async ([reports, reason, error]) => {
    const made = watched({ nodes: 1 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'disk-full', reports });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason: `${reason}; ${SILENCES['disk-full'].advice}`,
      silence: 'disk-full',
      error,
    });
  });

  test.for(['', 'vtepwatch 1 begin tables\nhost node1\n'])(
    'a script that a signal killed, after it had printed %j',
    async (stdout) => {
      const made = watched({ nodes: 1 });
      made.ssm.behaveNode(instanceIdOf(1), { kind: 'killed', stdout });
      const reason = 'the command ended as Failed: failed to run commands: signal: killed';
      expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
        kind: 'ended',
        reason: `${reason}; ${SILENCES.killed.advice}`,
        silence: 'killed',
        error: '_OTHER',
      });
    },
  );

  test('an agent that hibernates takes no command, and the inventory calls it lost', async () => {
    const made = watched({ nodes: 1, ...QUICK });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'hibernates' });
    expect(await answer(made, await sentToAll(made), 'ended')).toMatchObject({
      reason: 'the command ended as DeliveryTimedOut',
    });
    const { nodes } = await inventory(made.client).ofNodes([instanceIdOf(1)], farOff());
    expect(nodes).toMatchObject([{ ping: 'ConnectionLost' }]);
  });

  test.for([
    ['AccessDenied', 'joined', 'AccessDenied', 'access_denied'],
    ['AccessDenied', 'spaced', 'Access Denied', 'access_denied'],
    ['Undeliverable', 'joined', 'Undeliverable', 'undeliverable'],
    ['InvalidPlatform', 'spaced', 'Invalid Platform', '_OTHER'],
  ] as const)('%s, spelled %s', async ([status, spelling, details, error]) => {
    const made = watched({ nodes: 1, behaviour: { spelling } });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'refused', status });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason: `the command ended as ${details}`,
      error,
    });
  });

  test.for([
    ['joined', 'DeliveryTimedOut'],
    ['spaced', 'Delivery Timed Out'],
  ] as const)('a host that was never reached, spelled %s', async ([spelling, details]) => {
    const made = watched({ nodes: 1, behaviour: { spelling }, ...QUICK });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'offline' });
    expect(await answer(made, await sentToAll(made), 'ended')).toEqual({
      kind: 'ended',
      reason: `the command ended as ${details}`,
      error: 'timeout',
    });
  });

  test('cancelled, and terminated because another failed', async () => {
    const made = watched({ nodes: 3 });
    made.ssm.behaveNode(instanceIdOf(1), { kind: 'offline' });
    made.ssm.behaveNode(instanceIdOf(2), { kind: 'answers', stdout: '', exit: 1 });
    const id = await sentToAll(made);
    await made.client.send(
      new CancelCommandCommand({ CommandId: id, InstanceIds: [instanceIdOf(1)] }),
    );
    expect(await answer(made, id, 'ended')).toMatchObject({
      reason: 'the command ended as Cancelled',
      error: '_OTHER',
    });
    const { Command } = await made.client.send(
      new SendCommandCommand({
        DocumentName: DOCUMENT,
        InstanceIds: [instanceIdOf(2), instanceIdOf(1)],
        Parameters: { Action: ['tables'] },
        MaxConcurrency: '1',
        MaxErrors: '0',
      }),
    );
    expect(await answer(made, Command?.CommandId ?? '', 'ended')).toMatchObject({
      reason: 'the command ended as Terminated',
      error: '_OTHER',
    });
  });

  test('pending behind another, delayed, in progress, and being cancelled', async () => {
    const busy = { ...absentMachine(1), answer: () => 'at last' };
    const made = watched({ nodes: 2 });
    const instanceId = instanceIdOf(1);
    made.ssm.behaveNode(instanceIdOf(2), { kind: 'offline' });
    const { Command } = await made.client.send(
      new SendCommandCommand({
        DocumentName: DOCUMENT,
        InstanceIds: [instanceIdOf(2), instanceId],
        Parameters: { Action: ['tables'] },
        MaxConcurrency: '1',
      }),
    );
    const reasonOf = async (id: string): Promise<string> => {
      const found = await answer(made, id, 'pending');
      return found.kind === 'pending' ? found.reason : '';
    };
    expect(await reasonOf(Command?.CommandId ?? '')).toBe('no answer yet (Pending)');

    made.ssm.behaveNode(instanceId, { kind: 'offline' });
    expect(await reasonOf(await sentToAll(made))).toBe('no answer yet (Delayed)');

    made.ssm.register({ machine: busy, tags: { cluster: 'lab' } });
    made.ssm.behaveNode(instanceId, { kind: 'late', milliseconds: 60_000 });
    const id = await sentToAll(made);
    expect(await reasonOf(id)).toBe('no answer yet (InProgress)');

    made.ssm.behaveNode(instanceId, { kind: 'offline' });
    await made.client.send(new CancelCommandCommand({ CommandId: id }));
    expect(await reasonOf(id)).toBe('no answer yet (Cancelling)');
  });

  test('a host of another platform answers that it skipped the step', async () => {
    const made = watched({ nodes: 0 });
    made.ssm.register({ machine: absentMachine(1), tags: { cluster: 'lab' }, platform: 'Windows' });
    expect(await answer(made, await sentToAll(made), 'answered')).toMatchObject({
      text: expect.stringContaining('Step execution skipped'),
    });
  });
});
