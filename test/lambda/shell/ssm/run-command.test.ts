import { describe, expect, test } from 'vitest';
import { deadlineIn } from '../../../../lambda/deadline.ts';
import { WANTED_PATTERN } from '../../../../shared/contract/probe.ts';
import { instanceIdOf } from '../../../lab/aws/ssm/shell-machine.ts';
import { DOCUMENT, EVERYBODY, farOff, watched } from './watched.ts';

const INTERNAL = { type: 'InternalServerError', message: 'out of order', status: 500 } as const;

describe('send', () => {
  test('lets no failing host end the command for the others', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1 }, onTestFinished);
    await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
    expect(ssm.gate.calls.map(({ input }) => input)).toEqual([
      {
        DocumentName: DOCUMENT,
        Targets: EVERYBODY,
        Parameters: { Action: ['tables'] },
        MaxConcurrency: '100%',
        MaxErrors: '100%',
        TimeoutSeconds: 30,
        Comment: 'vtepwatch tables',
      },
    ]);
  });

  test('names the hosts and the wanted entries of a second look', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 2 }, onTestFinished);
    const wanted = '10.68.0.0,36:9b:9c:53:4a:10,10.68.0.0/24,fd00::/64';
    const targets = [{ Key: 'InstanceIds', Values: [instanceIdOf(2)] }];
    const id = await runCommand.send({ action: 'entries', targets, wanted }, farOff());
    expect(ssm.gate.calls[0]?.input).toMatchObject({
      Targets: targets,
      Parameters: { Action: ['entries'], Wanted: [wanted] },
      Comment: 'vtepwatch entries',
    });
    const { byInstance } = await runCommand.peek(id, farOff());
    expect([...byInstance.keys()]).toEqual([instanceIdOf(2)]);
  });

  test('a host that is not registered does not keep the others from being asked', async ({
    onTestFinished,
  }) => {
    const { runCommand } = await watched({ nodes: 1 }, onTestFinished);
    const targets = [{ Key: 'InstanceIds', Values: [1, 99].map(instanceIdOf) }];
    const id = await runCommand.send({ action: 'latency', targets }, farOff());
    const { byInstance } = await runCommand.peek(id, farOff());
    expect([...byInstance.values()]).toEqual([
      { kind: 'answered', text: 'answer of 1' },
      { kind: 'ended', reason: 'the command ended as Undeliverable', error: 'undeliverable' },
    ]);
  });

  test.for([
    ['a semicolon', '10.68.0.0;reboot'],
    ['a substitution', '$(reboot)'],
    ['a line break', '10.68.0.0\n'],
    ['capitals', '36:9B:9C:53:4A:10'],
    ['more than the document takes', 'a'.repeat(1001)],
  ] as const)(
    'wanted entries with %s never reach a host',
    async ([, wanted], { onTestFinished }) => {
      const { runCommand } = await watched({ nodes: 1 }, onTestFinished);
      expect(wanted).not.toMatch(new RegExp(WANTED_PATTERN));
      await expect(
        runCommand.send({ action: 'entries', targets: EVERYBODY, wanted }, farOff()),
      ).rejects.toMatchObject({ name: 'InvalidParameters' });
    },
  );

  test('a document that is not there is an error of the service', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1 }, onTestFinished);
    const error = { type: 'InvalidDocument', message: 'No document.', status: 400 };
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toMatchObject({ name: 'InvalidDocument' });
  });

  test('an answer without a command is an error', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1 }, onTestFinished);
    ssm.gate.fail({
      operation: 'SendCommand',
      fault: { kind: 'garbled', status: 200, body: '{}' },
    });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toThrow('sending the command tables: Systems Manager returned no command id');
  });

  test('a command whose answer is lost is sent again', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1, attempts: 3 }, onTestFinished);
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'dropped-after' }, times: 1 });
    const id = await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
    expect(ssm.gate.count('SendCommand')).toBe(2);
    const { byInstance } = await runCommand.peek(id, farOff());
    expect(byInstance.size).toBe(1);
  });

  test('a service that does not answer is given up at the deadline', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1, attempts: 3 }, onTestFinished);
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'stalled' } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, deadlineIn(1000)),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(ssm.gate.count('SendCommand')).toBe(1);
  });

  test('the service being out of order is an error', async ({ onTestFinished }) => {
    const { ssm, runCommand } = await watched({ nodes: 1 }, onTestFinished);
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error: INTERNAL } });
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toMatchObject({ name: 'InternalServerError' });
  });
});
