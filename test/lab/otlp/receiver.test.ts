import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../../lab/otlp/receiver.ts';

/**
 * Encoded by hand after opentelemetry-proto 1.7 (field numbers of logs_service.proto and logs.proto),
 * so that the decoder is not measured with itself.
 */
const LOG_REQUEST = message(
  1, // resource_logs
  message(1, message(1, keyValue('service.name', text(1, 'hand')))), // resource.attributes
  message(
    2, // scope_logs
    message(1, text(1, 'scope')),
    message(
      2, // log_records
      Buffer.from([0x09, 0, 0, 0x64, 0xa7, 0xb3, 0xb6, 0xe0, 0x0d]), // time_unix_nano, fixed64
      Buffer.from([0x10, 17]), // severity_number
      message(5, text(1, 'body')),
      message(6, keyValue('peers', message(5, message(1, text(1, 'a')), message(1, text(1, 'b'))))),
      message(6, keyValue('count', Buffer.from([0x18, 0x05]))),
      message(6, keyValue('paged', Buffer.from([0x10, 0x01]))),
      message(6, keyValue('map', message(6, message(1, keyValue('x', text(1, 'y')))))),
      bytes(9, Buffer.alloc(16, 0xab)), // trace_id
      bytes(10, Buffer.alloc(8, 0xcd)), // span_id
      text(12, 'an.event'), // event_name
    ),
  ),
);

describe('what the receiver takes', () => {
  test.for(['identity', 'gzip'] as const)('a request encoded as %s', async (encoding) => {
    const receiver = await running();
    const body = encoding === 'gzip' ? gzipSync(LOG_REQUEST) : LOG_REQUEST;
    const response = await fetch(`${receiver.endpoint}/v1/logs`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': encoding },
    });

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect((await response.bytes()).length).toBe(0);
    expect(receiver.requests()).toMatchObject([{ signal: 'logs', encoding }]);
    expect(receiver.logs()).toEqual([
      {
        event: 'an.event',
        severityNumber: 17,
        severityText: undefined,
        body: 'body',
        attributes: { peers: ['a', 'b'], count: 5, paged: true, map: { x: 'y' } },
        unixNanoseconds: 1_000_000_000_000_000_000n,
        traceId: 'ab'.repeat(16),
        spanId: 'cd'.repeat(8),
        resource: { 'service.name': 'hand' },
        scope: 'scope',
      },
    ]);
  });

  test('records in the order in which they came, until they are cleared', async () => {
    const receiver = await running();
    for (const name of ['one', 'two', 'three']) {
      await post(receiver, 'logs', logNamed(name));
    }
    expect(receiver.logs().map(({ event }) => event)).toEqual(['one', 'two', 'three']);
    receiver.clear();
    expect(receiver.logs()).toEqual([]);
    expect(receiver.requests()).toEqual([]);
  });
});

describe('what it refuses', () => {
  test.for<[string, string, Change, number]>([
    ['another path', '/v1/profiles', { method: 'POST' }, 404],
    ['another method', '/v1/logs', { method: 'PUT' }, 405],
    ['JSON', '/v1/logs', { headers: { 'content-type': 'application/json' } }, 415],
    ['an unknown encoding', '/v1/logs', { headers: { 'content-encoding': 'zstd' } }, 415],
    ['a body that is no such message', '/v1/logs', { body: 'nonsense' }, 400],
    ['a body that is not gzip', '/v1/logs', { headers: { 'content-encoding': 'gzip' } }, 400],
    ['a body that is cut', '/v1/logs', { body: LOG_REQUEST.subarray(0, 40) }, 400],
  ])('%s', async ([, path, change, status]) => {
    const receiver = await running();
    const response = await fetch(`${receiver.endpoint}${path}`, {
      method: 'POST',
      body: LOG_REQUEST,
      ...change,
      headers: { 'content-type': 'application/x-protobuf', ...change.headers },
    });
    expect(response.status).toBe(status);
    await response.text();
    expect(receiver.requests()).toEqual([]);
  });
});

describe('what it answers when it is told to', () => {
  test('a status, with and without Retry-After; the request is kept, its records are not taken', async () => {
    const receiver = await running();
    receiver.answer({ kind: 'status', status: 503, retryAfterSeconds: 7 });
    const unavailable = await post(receiver, 'logs', LOG_REQUEST);
    expect([unavailable.status, unavailable.headers.get('retry-after')]).toEqual([503, '7']);
    receiver.answer({ kind: 'status', status: 401 });
    const unauthorized = await post(receiver, 'logs', LOG_REQUEST);
    expect([unauthorized.status, unauthorized.headers.get('retry-after')]).toEqual([401, null]);

    expect(receiver.logs()).toEqual([]);
    expect(receiver.requests().map(({ logs }) => logs.length)).toEqual([1, 1]);
  });

  test('only for the signal that was named', async () => {
    const receiver = await running();
    receiver.answer({ kind: 'status', status: 401 }, 'metrics');
    expect((await post(receiver, 'logs', LOG_REQUEST)).status).toBe(200);
    expect((await post(receiver, 'metrics', Buffer.alloc(0))).status).toBe(401);
  });

  test('a partial success names how many records it refuses, and why', async () => {
    const receiver = await running();
    receiver.answer({ kind: 'accept-partly', rejected: 3, why: 'old' });
    const response = await post(receiver, 'logs', LOG_REQUEST);
    // ExportLogsServiceResponse.partial_success: rejected_log_records 1, error_message 2.
    expect(Buffer.from(await response.bytes())).toEqual(
      message(1, Buffer.from([0x08, 3]), text(2, 'old')),
    );
  });

  test('nothing at all; closing ends the wait', async () => {
    const receiver = await running();
    receiver.answer({ kind: 'hang' });
    const waiting = post(receiver, 'logs', LOG_REQUEST).catch((error: Error) => error.message);
    await until(() => receiver.requests().length === 1);
    await receiver.close();
    expect(await waiting).toBe('fetch failed');
    expect(receiver.logs()).toEqual([]);
  });

  test('a refused connection, and the same port again', async () => {
    const receiver = await running();
    await receiver.refuse();
    await expect(post(receiver, 'logs', LOG_REQUEST)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
    await receiver.listen();
    expect((await post(receiver, 'logs', LOG_REQUEST)).status).toBe(200);
    expect(receiver.logs()).toHaveLength(1);
  });

  test('closing twice is closing', async () => {
    const receiver = await running();
    await receiver.close();
    await receiver.close();
    await expect(post(receiver, 'logs', LOG_REQUEST)).rejects.toThrow('fetch failed');
  });
});

interface Change {
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

async function running(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

function post(
  receiver: OtlpReceiver,
  signal: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return fetch(`${receiver.endpoint}/v1/${signal}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-protobuf' },
  });
}

const WAIT_TURNS_MAX = 1_000;

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < WAIT_TURNS_MAX && !holds(); turn += 1) await setTimeout(5);
}

function logNamed(name: string): Buffer<ArrayBuffer> {
  return message(1, message(2, message(2, text(12, name))));
}

/** `common.v1.KeyValue`. */
function keyValue(key: string, value: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([text(1, key), message(2, value)]);
}

function message(field: number, ...parts: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return bytes(field, Buffer.concat(parts));
}

function text(field: number, value: string): Buffer<ArrayBuffer> {
  return bytes(field, Buffer.from(value));
}

/** Wire type 2: a tag, the length as a varint of at most two bytes, the bytes. */
function bytes(field: number, value: Uint8Array): Buffer<ArrayBuffer> {
  const { length } = value;
  const size = length < 128 ? [length] : [(length % 128) + 128, Math.floor(length / 128)];
  return Buffer.concat([Buffer.from([field * 8 + 2, ...size]), value]);
}
