import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runningReceiver } from './running.ts';

const PROGRAM = path.join(import.meta.dirname, 'program.ts');

/** Short enough to see the end of retries and hanging requests. */
const IMPATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '300' };

/** What the program printed. It is killed, and the test fails, if it does not end by itself. */
async function runProgram(environment: Readonly<Record<string, string>>): Promise<{
  readonly failures: unknown;
  readonly stderr: string;
}> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], ...environment },
    timeout: 25_000,
  });
  return { failures: JSON.parse(stdout), stderr };
}

test('a process whose telemetry is refused tells so, and ends by itself', async () => {
  const receiver = await runningReceiver();
  await receiver.refuse();
  const { failures, stderr } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    ...IMPATIENT,
  });
  expect(failures).toMatchObject([{ signal: 'metrics' }, { signal: 'logs' }, { signal: 'traces' }]);
  expect(stderr).toBe('');
});

test('one whose telemetry hangs does as well', async () => {
  const receiver = await runningReceiver();
  receiver.answer({ kind: 'hang' });
  const { failures } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    ...IMPATIENT,
  });
  expect(failures).toHaveLength(3);
});

test("the operator's environment is laid over the resource", async () => {
  const receiver = await runningReceiver();
  const { failures } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_SERVICE_NAME: 'overlay-watch',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,service.namespace=network',
  });
  expect(failures).toEqual([]);
  const [point] = receiver.points();
  expect(point?.resource).toMatchObject({
    'service.name': 'overlay-watch',
    'service.namespace': 'network',
    'deployment.environment.name': 'prod',
    'service.instance.id': '324ab58c-a8dc-5aa8-a99f-e6d8bac8b891',
  });
  expect(point?.resource).not.toHaveProperty(['host.name']);
  expect(point?.resource).not.toHaveProperty(['process.pid']);
});

test('the diagnostic log of the SDK can still be turned on', async () => {
  const receiver = await runningReceiver();
  receiver.answer({ kind: 'accept-partly', rejected: 1, why: 'too old' });
  const { failures, stderr } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_LOG_LEVEL: 'warn',
  });
  expect(failures).toHaveLength(3);
  expect(stderr).toContain('Received Partial Success response:');
});
