import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../../lab/otlp/receiver.ts';
import { deadlineIn } from '../../../support/deadlines.ts';
import {
  REMAINING_MILLISECONDS,
  runningPair,
  runningReceiver,
  runningTelemetry,
} from './running.ts';
import { checkedPeers, exception, ROOT_ATTRIBUTES } from './samples.ts';

/** Short enough to see the end of retries and hanging requests. */
const IMPATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '300' };

type Telemetry = Awaited<ReturnType<typeof runningPair>>['telemetry'];

async function recordOneOfEach(telemetry: Telemetry): Promise<void> {
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
    telemetry.record([checkedPeers('node1', 5)]);
    telemetry.emit([exception('first')]);
  });
}

describe('a flush that fails', () => {
  test.for<[string, Answer, string, typeof IMPATIENT | undefined]>([
    ['unauthorized', { kind: 'status', status: 401 }, '401 Unauthorized', undefined],
    [
      'unauthorized, with an answer for people',
      { kind: 'status', status: 401, body: '{"error":"the \u001b[31mkey is unknown"}' },
      '401 Unauthorized: {"error":"the [31mkey is unknown"}',
      undefined,
    ],
    [
      'forbidden, with a google.rpc.Status',
      { kind: 'status', status: 403, body: Buffer.from('\x08\x07\x12\x09no rights') },
      '403 Forbidden: no rights',
      undefined,
    ],
    ['moved elsewhere', { kind: 'status', status: 302 }, '302 Found', undefined],
    [
      'unavailable for longer than there is time',
      { kind: 'status', status: 503, retryAfterSeconds: 60 },
      '503, and no time for another try',
      undefined,
    ],
    ['hanging', { kind: 'hang' }, 'Request timed out', IMPATIENT],
  ])('%s: each signal says why', async ([, answer, reason, environment]) => {
    const { receiver, telemetry } = await runningPair(environment);
    receiver.answer(answer);
    await recordOneOfEach(telemetry);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { signal: 'metrics', reason, pending: 0 },
      { signal: 'logs', reason, pending: 1 },
      { signal: 'traces', reason, pending: 1 },
    ]);
  });

  test('refused: each signal says why', async () => {
    const { receiver, telemetry } = await runningPair(IMPATIENT);
    await receiver.refuse();
    await recordOneOfEach(telemetry);
    const failures = await telemetry.flush(REMAINING_MILLISECONDS);
    expect(failures.map(({ signal }) => signal)).toEqual(['metrics', 'logs', 'traces']);
    for (const { reason } of failures) expect(reason).toContain('ECONNREFUSED');
  });

  test('one signal that fails does not hold up the others', async () => {
    const { receiver, telemetry } = await runningPair();
    receiver.answer({ kind: 'status', status: 404 }, 'traces');
    await recordOneOfEach(telemetry);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { signal: 'traces', reason: '404 Not Found', pending: 1 },
    ]);
    expect(receiver.points()).toHaveLength(1);
    expect(receiver.logs()).toHaveLength(1);
  });

  test('a partial success is a failure, and nothing of it is sent again', async () => {
    const { receiver, telemetry } = await runningPair();
    receiver.answer({ kind: 'accept-partly', rejected: 1, why: 'too old' });
    await recordOneOfEach(telemetry);
    const reason = 'the backend refused 1 records: too old';
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { signal: 'metrics', reason, pending: 0 },
      { signal: 'logs', reason, pending: 0 },
      { signal: 'traces', reason, pending: 0 },
    ]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  });

  test('a partial success that refuses nothing is a success', async () => {
    const { receiver, telemetry } = await runningPair();
    receiver.answer({ kind: 'accept-partly', rejected: 0, why: 'a deprecated name' });
    await recordOneOfEach(telemetry);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  });
});

describe('what a failed flush leaves', () => {
  test('events and spans arrive once with the next flush, beside its own; old gauges do not', async () => {
    const { receiver, telemetry } = await runningPair();
    receiver.answer({ kind: 'status', status: 401 });
    await recordOneOfEach(telemetry);
    await telemetry.flush(REMAINING_MILLISECONDS);

    receiver.answer({ kind: 'accept' });
    telemetry.record([checkedPeers('node2', 4)]);
    telemetry.emit([exception('second')]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);

    expect(receiver.logs().map(({ body }) => body)).toEqual(['first', 'second']);
    expect(receiver.spans().map(({ name }) => name)).toEqual(['vtepwatch-lab']);
    expect(receiver.logs()[0]?.traceId).toBe(receiver.spans()[0]?.traceId);
    expect(receiver.points().map(({ attributes }) => attributes['k8s.node.name'])).toMatchObject([
      'node2',
    ]);
  });

  test('an event that is emitted again arrives once, with its own time', async () => {
    const { receiver, telemetry } = await runningPair();
    receiver.answer({ kind: 'status', status: 401 });
    const at = Date.parse('2026-11-25T15:23:45Z');
    expect(telemetry.emitOnce('one', at, exception('first'))).toBe(true);
    expect(await telemetry.flushEvents(deadlineIn(REMAINING_MILLISECONDS))).toMatchObject([
      { signal: 'logs', reason: '401 Unauthorized', pending: 1 },
    ]);

    receiver.answer({ kind: 'accept' });
    expect(telemetry.emitOnce('one', at, exception('first'))).toBe(false);
    expect(await telemetry.flushEvents(deadlineIn(REMAINING_MILLISECONDS))).toEqual([]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    const arrived = receiver.logs();
    expect(arrived.map(({ body, unixNanoseconds }) => [body, unixNanoseconds])).toMatchObject([
      ['first', BigInt(at) * 1_000_000n],
    ]);
  });

  test('what the backend calls a bad request is dropped, and reported', async () => {
    const { receiver, telemetry } = await runningPair({ OTEL_TRACES_EXPORTER: 'none' });
    receiver.answer({ kind: 'status', status: 400 });
    telemetry.emit([exception('first')]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      {
        signal: 'logs',
        reason: '400 Bad Request: the backend does not want it, and it was dropped',
        pending: 0,
      },
    ]);
    receiver.answer({ kind: 'accept' });
    telemetry.emit([exception('second')]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(receiver.logs().map(({ body }) => body)).toEqual(['second']);
  });

  test('is bounded: the newest 1,000 events stay, and the loss is reported', async () => {
    const { receiver, telemetry } = await runningPair({ OTEL_TRACES_EXPORTER: 'none' });
    receiver.answer({ kind: 'status', status: 401 });
    telemetry.emit(Array.from({ length: 600 }, (_, index) => exception(`first ${index}`)));
    await telemetry.flush(REMAINING_MILLISECONDS);
    telemetry.emit(Array.from({ length: 600 }, (_, index) => exception(`second ${index}`)));

    receiver.answer({ kind: 'accept' });
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { signal: 'logs', reason: '200 older than the newest 1000 were dropped', pending: 0 },
    ]);
    expect(receiver.logs()).toHaveLength(1000);
    expect(receiver.logs().at(-1)?.body).toBe('second 599');
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
  });
});

describe('the bound of a flush', () => {
  // With the environment's own timeout of ten minutes, only the remaining time can end the flush;
  // the test's time limit is what a flush that does not end would meet.
  const PATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '600000' };

  test('a hanging backend is left when the invocation has a second to go', async () => {
    const { receiver, telemetry } = await runningPair(PATIENT);
    receiver.answer({ kind: 'hang' });
    await recordOneOfEach(telemetry);
    expect(await telemetry.flush(1_200)).toMatchObject([
      { signal: 'metrics', reason: 'not delivered within 200 ms', pending: 0 },
      { signal: 'logs', reason: 'not delivered within 200 ms', pending: 1 },
      { signal: 'traces', reason: 'not delivered within 200 ms', pending: 1 },
    ]);
  });

  test('without any time left the events stay', async () => {
    const { receiver, telemetry } = await runningPair(PATIENT);
    receiver.answer({ kind: 'hang' });
    await recordOneOfEach(telemetry);
    const failures = await telemetry.flush(-5);
    expect(failures.map(({ pending }) => pending)).toEqual([0, 1, 1]);
    expect(failures[0]?.reason).toBe('not delivered within 0 ms');
  });

  test('headers that never come are left as well', async () => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...IMPATIENT },
      { readHeaders: () => new Promise(() => {}) },
    );
    await recordOneOfEach(telemetry);
    const failures = await telemetry.flush(REMAINING_MILLISECONDS);
    expect(failures.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 }, () => 'not delivered within 1300 ms'),
    );
    expect(receiver.requests()).toEqual([]);
  });
});

describe('secret headers', () => {
  test('that cannot be read fail the flush, and are asked for again', async () => {
    const receiver = await runningReceiver();
    let allowed = false;
    const telemetry = runningTelemetry(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
      {
        readHeaders: async () => {
          if (!allowed) throw new Error('AccessDenied: ssm:GetParameter');
          return { authorization: 'Bearer secret' };
        },
      },
    );
    await recordOneOfEach(telemetry);
    const reason = 'AccessDenied: ssm:GetParameter';
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { signal: 'metrics', reason, pending: 0 },
      { signal: 'logs', reason, pending: 1 },
      { signal: 'traces', reason, pending: 1 },
    ]);
    allowed = true;
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(receiver.requests().map(({ headers }) => headers.authorization)).toMatchObject([
      'Bearer secret',
      'Bearer secret',
    ]);
  });

  test.for<[string, Readonly<Record<string, string>>]>([
    ['a name', { 'Bearer secret': '' }],
    ['a value', { authorization: 'Bearer\nsecret' }],
  ])('with %s that HTTP cannot carry fail the flush, and are not quoted', async ([, headers]) => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry(
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: receiver.endpoint },
      { readHeaders: async () => headers },
    );
    await recordOneOfEach(telemetry);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      {
        signal: 'metrics',
        reason: 'the headers cannot be sent: one is not name=value, or not printable',
        pending: 0,
      },
    ]);
    expect(receiver.requests()).toEqual([]);
  });

  test('are read once for many flushes, and anew after a refusal', async () => {
    const receiver = await runningReceiver();
    let asked = 0;
    const telemetry = runningTelemetry(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
      {
        readHeaders: async () => {
          asked += 1;
          return { authorization: `Bearer ${asked}` };
        },
      },
    );
    await recordOneOfEach(telemetry);
    await telemetry.flush(REMAINING_MILLISECONDS);
    await recordOneOfEach(telemetry);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(asked).toBe(1);

    receiver.answer({ kind: 'status', status: 401 });
    await recordOneOfEach(telemetry);
    await telemetry.flush(REMAINING_MILLISECONDS);
    receiver.answer({ kind: 'accept' });
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(asked).toBe(2);
  });
});
