import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { emptyResource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { bytesOfLog, bytesOfSpan } from '../../../../lambda/systems/telemetry/record-size.ts';

const CONTEXT = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};

const PEERS = Array.from({ length: 20 }, (_, at) => `worker-${at}.example.net`);

function logOf(more: Partial<ReadableLogRecord>): ReadableLogRecord {
  return {
    hrTime: [1_700_000_000, 5],
    hrTimeObserved: [1_700_000_000, 6],
    spanContext: CONTEXT,
    severityNumber: 17,
    resource: emptyResource(),
    instrumentationScope: { name: '' },
    attributes: {},
    droppedAttributesCount: 0,
    ...more,
  };
}

function spanOf(more: Partial<ReadableSpan>): ReadableSpan {
  return {
    name: 'SSM.SendCommand',
    kind: 2,
    spanContext: () => CONTEXT,
    parentSpanContext: CONTEXT,
    startTime: [1_700_000_000, 5],
    endTime: [1_700_000_001, 5],
    status: { code: 0 },
    attributes: {},
    links: [],
    events: [],
    duration: [1, 0],
    ended: true,
    resource: emptyResource(),
    instrumentationScope: { name: '' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...more,
  };
}

/** The resource and the scope around the records take a few bytes of their own. */
const ENVELOPE_BYTES = 64;

describe('the size of a record', () => {
  test.for<[string, Partial<ReadableLogRecord>]>([
    ['without anything', {}],
    ['with a sentence', { body: 'müller is unreachable from 5 of 5 nodes', eventName: 'opened' }],
    ['with a list of peers', { attributes: { 'vtepwatch.peers': PEERS, count: 20, ok: true } }],
    ['with maps within', { body: { a: { b: [1, 2, 'three'] } } }],
  ])('of an event %s is no less than what is sent', ([, more]) => {
    const log = logOf(more);
    const sent = ProtobufLogsSerializer.serializeRequest([log])?.length ?? 0;
    expect(bytesOfLog(log) + ENVELOPE_BYTES).toBeGreaterThanOrEqual(sent);
    expect(bytesOfLog(log)).toBeLessThan(2 * sent + 200);
  });

  test.for<[string, Partial<ReadableSpan>]>([
    ['without anything', {}],
    ['that failed', { status: { code: 2, message: 'no such table' } }],
    ['with attributes', { attributes: { 'rpc.method': 'SSM/SendCommand', 'aws.ids': PEERS } }],
    [
      'with an event and a link',
      {
        events: [{ time: [1, 2], name: 'exception', attributes: { 'exception.message': 'no' } }],
        links: [{ context: CONTEXT, attributes: { a: 'b' } }],
      },
    ],
  ])('of a span %s is no less than what is sent', ([, more]) => {
    const span = spanOf(more);
    const sent = ProtobufTraceSerializer.serializeRequest([span])?.length ?? 0;
    expect(bytesOfSpan(span) + ENVELOPE_BYTES).toBeGreaterThanOrEqual(sent);
    expect(bytesOfSpan(span)).toBeLessThan(2 * sent + 200);
  });
});
