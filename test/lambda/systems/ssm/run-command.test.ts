import { describe, expect, test } from 'vitest';
import type { SentCommand } from '../../../../lambda/systems/ssm/run-command.ts';
import { WANTED_PATTERN } from '../../../../shared/contract/probe.ts';
import { instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import {
  DOCUMENT,
  EVERYBODY,
  textsOf,
  watched,
  type Watched,
  deadlineIn,
  farOff,
} from './watched.ts';

const INTERNAL = { type: 'InternalServerError', message: 'out of order', status: 500 } as const;

describe('send', () => {
  test('lets no failing host end the command for the others', async () => {
    const { ssm, runCommand } = watched({ nodes: 1 });
    await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
    expect(ssm.gate.calls.map(({ input }) => input)).toEqual([
      {
        DocumentName: DOCUMENT,
        Targets: EVERYBODY,
        Parameters: { Action: ['tables'] },
        DocumentVersion: '1',
        MaxConcurrency: '100%',
        MaxErrors: '100%',
        TimeoutSeconds: 30,
        Comment: 'vtepwatch tables',
      },
    ]);
  });

  test('names the hosts and the wanted entries of a second look', async () => {
    const { ssm, runCommand } = watched({ nodes: 2 });
    const wanted = '10.68.0.0,36:9b:9c:53:4a:10,10.68.0.0/24,fd00::/64';
    const targets = [{ Key: 'InstanceIds', Values: [instanceIdOf(2)] }];
    const { id = '' } = await runCommand.send({ action: 'entries', targets, wanted }, farOff());
    expect(ssm.gate.calls[0]?.input).toMatchObject({
      Targets: targets,
      Parameters: { Action: ['entries'], Wanted: [wanted] },
      Comment: 'vtepwatch entries',
    });
    const { byInstance } = await runCommand.peek(id, farOff());
    expect([...byInstance.keys()]).toEqual([instanceIdOf(2)]);
  });

  test.for([
    ['a semicolon', '10.68.0.0;reboot'],
    ['a substitution', '$(reboot)'],
    ['a line break', '10.68.0.0\n'],
    ['capitals', '36:9B:9C:53:4A:10'],
    ['more than the document takes', 'a'.repeat(1001)],
  ] as const)('wanted entries with %s never reach a host', async ([, wanted]) => {
    const { runCommand } = watched({ nodes: 1 });
    expect(wanted).not.toMatch(new RegExp(WANTED_PATTERN));
    await expect(
      runCommand.send({ action: 'entries', targets: EVERYBODY, wanted }, farOff()),
    ).rejects.toMatchObject({ name: 'InvalidParameters' });
  });

  test('a document that is not there is an error of the service', async () => {
    const { ssm, runCommand } = watched({ nodes: 1 });
    const error = { type: 'InvalidDocument', message: 'No document.', status: 400 };
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toMatchObject({ name: 'InvalidDocument' });
  });

  test('an answer without a command is an error', async () => {
    const { ssm, runCommand } = watched({ nodes: 1 });
    ssm.gate.fail({
      operation: 'SendCommand',
      fault: { kind: 'garbled', status: 200, body: '{}' },
    });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toThrow('sending the command tables: Systems Manager returned no command id');
  });

  test('a command whose answer is lost is sent again', async () => {
    const { ssm, runCommand } = watched({ nodes: 1, attempts: 3 });
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'dropped-after' }, times: 1 });
    const { id = '' } = await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
    expect(ssm.gate.count('SendCommand')).toBe(2);
    const { byInstance } = await runCommand.peek(id, farOff());
    expect(byInstance.size).toBe(1);
  });

  test('a service that does not answer is given up at the deadline', async () => {
    const { ssm, runCommand } = watched({ nodes: 1, attempts: 3 });
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'stalled' } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, deadlineIn(1000)),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(ssm.gate.count('SendCommand')).toBe(1);
  });

  test('the service being out of order is an error', async () => {
    const { ssm, runCommand } = watched({ nodes: 1 });
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error: INTERNAL } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toMatchObject({ name: 'InternalServerError' });
  });
});

describe('a command that names hosts that are no longer registered', () => {
  const [here, alsoHere, gone, neverThere] = [1, 2, 3, 99].map(instanceIdOf);
  const INVALID = { type: 'InvalidInstanceId', status: 400 } as const;

  function terminated(): Watched {
    const made = watched({ nodes: 3 });
    made.ssm.deregister(String(gone));
    return made;
  }

  async function sendTo(
    { runCommand }: Watched,
    ...ids: readonly (string | undefined)[]
  ): Promise<SentCommand> {
    const targets = [{ Key: 'InstanceIds', Values: ids.map(String) }];
    return runCommand.send({ action: 'entries', targets, wanted: 'a' }, farOff());
  }

  function idsSent({ ssm }: Watched): readonly unknown[] {
    return ssm.gate.calls
      .filter(({ operation }) => operation === 'SendCommand')
      .map(({ input }) => input);
  }

  test('asks the others, in a second command that is like the first', async () => {
    const made = terminated();
    const sent = await sendTo(made, here, gone, alsoHere, neverThere);
    expect(sent).toEqual({ id: expect.any(String), refused: [gone, neverThere] });
    const [first, second] = idsSent(made);
    expect(second).toEqual({
      ...Object(first),
      Targets: [{ Key: 'InstanceIds', Values: [here, alsoHere] }],
    });
    const { byInstance } = await made.runCommand.peek(String(sent.id), farOff());
    expect(textsOf(byInstance)).toEqual({ 1: 'answer of 1', 2: 'answer of 2' });
  });

  test('asks nobody where nobody is left', async () => {
    const made = terminated();
    expect(await sendTo(made, gone)).toEqual({ id: undefined, refused: [gone] });
    expect(idsSent(made)).toHaveLength(1);
  });

  test.for([
    ['says nothing', ''],
    ['names no host', 'Instances [[]] not in a valid state for account 000000000000'],
  ] as const)('asks the inventory who they are where the service %s', async ([, message]) => {
    const made = terminated();
    const fault = { kind: 'refused', error: { ...INVALID, message } } as const;
    made.ssm.gate.fail({ operation: 'SendCommand', fault, times: 1 });
    expect(await sendTo(made, here, gone)).toMatchObject({ refused: [gone] });
    expect(made.ssm.gate.count('DescribeInstanceInformation')).toBe(1);
  });

  test('is the error of the service where the inventory knows them all', async () => {
    const made = terminated();
    const fault = { kind: 'refused', error: { ...INVALID, message: '' } } as const;
    made.ssm.gate.fail({ operation: 'SendCommand', fault });
    await expect(sendTo(made, here)).rejects.toMatchObject({ name: 'InvalidInstanceId' });
    expect(idsSent(made)).toHaveLength(1);
  });

  test('is the error of the service where the inventory cannot be read', async () => {
    const made = terminated();
    const refused = { kind: 'refused', error: { ...INVALID, message: '' } } as const;
    made.ssm.gate.fail({ operation: 'SendCommand', fault: refused });
    const fault = { kind: 'refused', error: INTERNAL } as const;
    made.ssm.gate.fail({ operation: 'DescribeInstanceInformation', fault });
    await expect(sendTo(made, here, gone)).rejects.toMatchObject({ name: 'InvalidInstanceId' });
  });

  test('is sent again once and no more', async () => {
    const made = terminated();
    const error = { ...INVALID, message: `Instances [[${gone}]] not in a valid state` };
    made.ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
    await expect(sendTo(made, here, gone)).rejects.toMatchObject({ name: 'InvalidInstanceId' });
    expect(idsSent(made)).toHaveLength(2);
  });

  test('still reaches for a host whose agent has stopped', async () => {
    const made = terminated();
    made.ssm.behaveNode(String(alsoHere), { kind: 'refused', status: 'Undeliverable' });
    const { id, refused } = await sendTo(made, here, alsoHere);
    expect(refused).toEqual([]);
    const { byInstance } = await made.runCommand.peek(String(id), farOff());
    expect(byInstance.get(String(alsoHere))).toEqual({
      kind: 'ended',
      reason: 'the command ended as Undeliverable',
      error: 'undeliverable',
    });
  });
});
