import { describe, expect, test } from 'vitest';
import { VENDOR_LIMITS } from '../../../../lab/otlp/vendor-limits.ts';
import type { Telemetry } from '../../../../lambda/systems/telemetry/telemetry.ts';
import { REMAINING_MILLISECONDS, runningPair } from './running.ts';
import { checkedPeers } from './samples.ts';

const METRICS_ALONE = { OTEL_LOGS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' };

function recordNodes(telemetry: Telemetry, nodes: number): void {
  telemetry.record(Array.from({ length: nodes }, (_, at) => checkedPeers(`node${at}`, at)));
}

describe('metrics of many nodes', () => {
  test.for(Object.entries(VENDOR_LIMITS))(
    'arrive whole within the limits of %s',
    async ([, limits]) => {
      const { receiver, telemetry } = await runningPair(METRICS_ALONE);
      receiver.limit(limits);
      recordNodes(telemetry, 2500);
      expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
      // They are sent at once, and arrive in any order.
      const sizes = receiver.requests().map(({ points }) => points.length);
      expect(sizes.toSorted((one, two) => two - one)).toEqual([1000, 1000, 500]);
      const values = receiver.points().map(({ value }) => value);
      expect(new Set(values).size).toBe(2500);
    },
  );

  test.for([
    ['413', { status: 413, text: '' }],
    ['400 that is about size', { status: 400, text: 'at most 300 points are allowed' }],
  ] as const)(
    'are sent in halves after %s, and the next run begins with what was learned',
    async ([, refusal]) => {
      const { receiver, telemetry } = await runningPair(METRICS_ALONE);
      receiver.limit({ points: 300, refusal });
      recordNodes(telemetry, 1000);
      expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
      expect(receiver.points()).toHaveLength(1000);

      receiver.clear();
      recordNodes(telemetry, 1000);
      expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
      expect(receiver.requests().map(({ points }) => points.length)).toEqual([250, 250, 250, 250]);
    },
  );

  test('a backend that refuses all is not asked without end, and the loss is reported', async () => {
    const { receiver, telemetry } = await runningPair(METRICS_ALONE);
    receiver.answer({ kind: 'status', status: 400, body: 'no such tenant' });
    recordNodes(telemetry, 3000);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([
      {
        signal: 'metrics',
        reason: '400 Bad Request: no such tenant',
        status: 400,
        accepted: 0,
        lost: 3000,
        pending: 0,
      },
    ]);
    expect(receiver.requests().length).toBeLessThan(50);
  });

  test('after a time-out nothing more of them is tried', async () => {
    const { receiver, telemetry } = await runningPair({
      ...METRICS_ALONE,
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    });
    receiver.answer({ kind: 'hang' });
    recordNodes(telemetry, 9500);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { reason: 'Request timed out', accepted: 0, lost: 9500, pending: 0 },
    ]);
    // Of ten requests, four are under way at once; a busy computer may not have sent them all in time.
    expect(receiver.requests().length).toBeLessThanOrEqual(4);
  });

  test('what a backend refuses within a request counts as lost', async () => {
    const { receiver, telemetry } = await runningPair(METRICS_ALONE);
    receiver.answer({ kind: 'accept-partly', rejected: 7, why: 'too old' });
    recordNodes(telemetry, 2500);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { reason: 'the backend refused 7 records: too old', accepted: 2479, lost: 21 },
    ]);
  });

  test('a token that the backend quotes is not in the reason', async () => {
    const { receiver, telemetry } = await runningPair({
      ...METRICS_ALONE,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc123secret',
    });
    receiver.answer({ kind: 'status', status: 401, body: 'unknown key abc123secret' });
    recordNodes(telemetry, 1);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toMatchObject([
      { reason: '401 Unauthorized: unknown key ***' },
    ]);
  });
});
