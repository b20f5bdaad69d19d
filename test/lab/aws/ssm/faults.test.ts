import { ListCommandsCommand } from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { answering, clientOf } from './account.ts';

const list = new ListCommandsCommand({});

describe('a fault', () => {
  test('an operation is refused with a given error, the others are not', async () => {
    const { ssm, client, send } = await answering(1);
    const error = { type: 'InternalServerError', message: 'out of order', status: 500 };
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
    await expect(send()).rejects.toMatchObject({
      name: 'InternalServerError',
      $fault: 'server',
    });
    expect((await client.send(list)).Commands).toEqual([]);
    ssm.gate.open();
    expect(await send()).toMatch(/^[\da-f-]{36}$/);
  });

  test('a connection that drops before leaves no command', async () => {
    const { ssm, client, send } = await answering(1);
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'dropped-before' }, times: 1 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await client.send(list)).Commands).toHaveLength(0);
  });

  test('a connection that drops after leaves one that the caller knows nothing of', async () => {
    const { ssm, client, send } = await answering(1);
    ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'dropped-after' }, times: 1 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await client.send(list)).Commands).toHaveLength(1);
  });

  test('a stalled call is answered by nobody', async () => {
    const { ssm, client } = await answering(1);
    ssm.gate.fail({ operation: '*', fault: { kind: 'stalled' } });
    const abortSignal = AbortSignal.timeout(100);
    await expect(client.send(list, { abortSignal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(ssm.gate.calls).toMatchObject([{ operation: 'ListCommands', verdict: 'stalled' }]);
  });

  test('a garbled answer is no JSON', async () => {
    const { ssm, client } = await answering(1);
    const fault = { kind: 'garbled', status: 200, body: '<html>proxy</html>' } as const;
    ssm.gate.fail({ operation: 'ListCommands', fault });
    await expect(client.send(list)).rejects.toThrow(/JSON/);
  });

  test('comes at the call that it is wanted at', async () => {
    const { ssm, client } = await answering(1);
    const error = { type: 'ThrottlingException', message: 'Rate exceeded', status: 400 };
    const fault = { kind: 'refused', error } as const;
    ssm.gate.fail({ operation: 'ListCommands', fault, skip: 1, times: 1 });
    await client.send(list);
    await expect(client.send(list)).rejects.toMatchObject({ name: 'ThrottlingException' });
    await client.send(list);
    expect(ssm.gate.calls.map(({ verdict }) => verdict)).toEqual([
      'admitted',
      'refused',
      'admitted',
    ]);
  });
});

describe('a rate limit', () => {
  test('throttles what is over it, which the SDK tries again', async () => {
    const { ssm, client } = await answering(1);
    ssm.gate.limit({ operation: 'ListCommands', burst: 2, perSecond: 0 });
    await client.send(list);
    await client.send(list);
    await expect(client.send(list)).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    const patient = clientOf(ssm.url, 3);
    await expect(patient.send(list)).rejects.toMatchObject({ name: 'ThrottlingException' });
    patient.destroy();
    expect(ssm.gate.count('ListCommands')).toBe(6);
  });

  test('fills again', async () => {
    const { ssm, client } = await answering(1);
    ssm.gate.limit({ operation: '*', burst: 1, perSecond: 1e6 });
    await client.send(list);
    await client.send(list);
    expect(ssm.gate.calls.map(({ verdict }) => verdict)).toEqual(['admitted', 'admitted']);
  });
});

test('every call is written down with its operation and input', async () => {
  const { ssm, client, send } = await answering(1);
  const CommandId = await send({ Comment: 'run 7' });
  await client.send(new ListCommandsCommand({ CommandId }));
  expect(ssm.gate.calls).toMatchObject([
    { operation: 'SendCommand', input: { Comment: 'run 7' }, verdict: 'admitted' },
    { operation: 'ListCommands', input: { CommandId }, verdict: 'admitted' },
  ]);
  expect(ssm.gate.count('SendCommand')).toBe(1);
  expect(ssm.gate.count('GetParameter')).toBe(0);
});

test('an operation that the lab does not have is an unknown one', async () => {
  const { ssm } = await answering(1);
  const headers = { 'x-amz-target': 'AmazonSSM.StartAutomationExecution' };
  const response = await fetch(ssm.url, { method: 'POST', headers, body: '{}' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ __type: 'UnknownOperationException' });
});

test.for([
  { body: '{"CommandId":7}', type: 'SerializationException' },
  { body: '[]', type: 'SerializationException' },
  { body: 'no json', type: 'ValidationException' },
])('the input $body is refused with $type', async ({ body, type }) => {
  const { ssm } = await answering(1);
  const headers = { 'x-amz-target': 'AmazonSSM.ListCommands' };
  const response = await fetch(ssm.url, { method: 'POST', headers, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ __type: type });
});
