import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runningReceiver } from './running.ts';

const PROGRAM = path.join(import.meta.dirname, 'program.ts');

/** Short enough to see the end of retries and hanging requests. */
const IMPATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '300' };

/** What the program printed. It is killed, and the test fails, if it does not end by itself. */
async function runProgram(environment: Readonly<Record<string, string>>): Promise<{
  readonly failures: unknown;
  /** All else that it printed, as the SDK's diagnostic log. */
  readonly said: string;
}> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], ...environment },
    timeout: 25_000,
  });
  const [last = '', ...before] = stdout.split('\n').toReversed();
  return { failures: JSON.parse(last), said: before.join('\n') + stderr };
}

test('a process whose telemetry is refused reports it, and ends by itself', async () => {
  const receiver = await runningReceiver();
  await receiver.refuse();
  const { failures, said } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    ...IMPATIENT,
  });
  expect(failures).toMatchObject([{ signal: 'metrics' }, { signal: 'logs' }, { signal: 'traces' }]);
  expect(said).toBe('');
});

test('so does one whose telemetry hangs', async () => {
  const receiver = await runningReceiver();
  receiver.answer({ kind: 'hang' });
  const { failures } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    ...IMPATIENT,
  });
  expect(failures).toHaveLength(3);
});

test.for<[string, Readonly<Record<string, string>>]>([
  ['no endpoint', {}],
  ['no endpoint, but headers', { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc' }],
  [
    'none',
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
    },
  ],
  ['disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' }],
])('with %s it ends by itself, and in silence', async ([, environment]) => {
  expect(await runProgram(environment)).toEqual({ failures: [], said: '' });
});

describe('a secret', () => {
  const SECRET = 'glc_do-not-tell';

  test.for<[string, Readonly<Record<string, string>>]>([
    ['in the headers', { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET}` }],
    [
      'in a header that cannot be sent',
      { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET}%0A` },
    ],
    [
      'that became a name, with a colon where = belongs,',
      { OTEL_EXPORTER_OTLP_HEADERS: `authorization: Bearer ${SECRET}==` },
    ],
  ])('%s is in no output, not even in the diagnostic log', async ([, environment]) => {
    const receiver = await runningReceiver();
    receiver.answer({ kind: 'status', status: 401 });
    const { failures, said } = await runProgram({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_LOG_LEVEL: 'all',
      ...environment,
    });
    expect(failures).toHaveLength(3);
    expect(JSON.stringify(failures)).not.toContain(SECRET);
    expect(said).not.toContain(SECRET);
  });

  test('nor is one in the endpoint', async () => {
    const receiver = await runningReceiver();
    receiver.answer({ kind: 'status', status: 403 });
    const { failures, said } = await runProgram({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint.replace('//', `//user:${SECRET}@`),
      OTEL_LOG_LEVEL: 'all',
    });
    expect(failures).toHaveLength(3);
    expect(JSON.stringify(failures)).not.toContain(SECRET);
    expect(said).not.toContain(SECRET);
  });
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
  const { failures, said } = await runProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_LOG_LEVEL: 'warn',
  });
  expect(failures).toHaveLength(3);
  expect(said).toContain('Received Partial Success response:');
});
