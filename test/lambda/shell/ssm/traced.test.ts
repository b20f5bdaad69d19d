import { ListCommandsCommand } from '@aws-sdk/client-ssm';
import { expect, onTestFinished, test } from 'vitest';
import { traceCalls } from '../../../../lambda/shell/ssm/traced.ts';
import { REMAINING_MILLISECONDS, runningPair } from '../telemetry/running.ts';
import { ROOT_ATTRIBUTES } from '../telemetry/samples.ts';
import { EVERYBODY, farOff, says, watched } from './watched.ts';

test('calls are spans of the trace in which they are made, and polls are not', async () => {
  const { receiver, telemetry } = await runningPair();
  const { ssm, client, runCommand } = await watched({ nodes: 1 }, onTestFinished);
  says(ssm, 1, 'x'.repeat(3000));
  traceCalls(client, telemetry);
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
    const { id = '' } = await runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff());
    await client.send(new ListCommandsCommand({}));
    await runCommand.peek(id, farOff());
  });
  expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  const [send, list, get, root] = receiver.spans();
  expect([send, list, get, root].map((span) => span?.name)).toEqual([
    'SSM.SendCommand',
    'SSM.ListCommandInvocations',
    'SSM.GetCommandInvocation',
    'vtepwatch-lab',
  ]);
  for (const call of [send, list, get]) expect(call?.parentSpanId).toBe(root?.spanId);
  expect(send?.attributes).toMatchObject({
    'rpc.system.name': 'aws-api',
    'rpc.method': 'SSM/SendCommand',
  });
});

test('a call that fails fails its caller, and its span says so', async () => {
  const { receiver, telemetry } = await runningPair();
  const { ssm, client, runCommand } = await watched({ nodes: 1 }, onTestFinished);
  traceCalls(client, telemetry);
  const error = { type: 'AccessDeniedException', message: 'no', status: 400 };
  ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
    await expect(
      runCommand.send({ action: 'tables', targets: EVERYBODY }, farOff()),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
  await telemetry.flush(REMAINING_MILLISECONDS);
  expect(receiver.spans()[0]).toMatchObject({ name: 'SSM.SendCommand', statusCode: 2 });
});
