import { describe, expect, test } from 'vitest';
import { REMAINING_MILLISECONDS, runningReceiver, runningTelemetry } from './running.ts';
import { checkedPeers, exception, ROOT_ATTRIBUTES } from './samples.ts';

const ALL_NONE = {
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_TRACES_EXPORTER: 'none',
};

describe('telemetry that is off', () => {
  test.for<[string, Readonly<Record<string, string>>]>([
    ['all exporters are none', ALL_NONE],
    ['the SDK is disabled', { OTEL_SDK_DISABLED: 'TRUE' }],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ])('sends nothing and fails at nothing: %s', async ([, environment]) => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      ...environment,
    });
    const answer = await telemetry.span('function', ROOT_ATTRIBUTES, async (annotate) => {
      annotate({ 'faas.instance': 'log stream' });
      telemetry.record([checkedPeers('node1', 5)]);
      telemetry.emit([exception('first')]);
      return 'the result';
    });
    expect(answer).toBe('the result');
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(receiver.requests()).toEqual([]);
  });

  test('without an endpoint nobody asks localhost, and no secret is read', async () => {
    let asked = 0;
    const telemetry = runningTelemetry(
      {},
      {
        readHeaders: async () => {
          asked += 1;
          return {};
        },
      },
    );
    telemetry.record([checkedPeers('node1', 5)]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(asked).toBe(0);
  });

  test('one signal can be off while the others are on', async () => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry({
      ...ALL_NONE,
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.endpoint}/v1/metrics`,
    });
    telemetry.record([checkedPeers('node1', 5)]);
    telemetry.emit([exception('first')]);
    await telemetry.span('vtepwatch.evaluate', { 'vtepwatch.host.count': 6 }, async () => {});
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(receiver.requests().map(({ signal }) => signal)).toEqual(['metrics']);
  });

  test('what was set and cannot be done fails every flush, and only its own signal', async () => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
    });
    const failure = {
      signal: 'traces',
      reason:
        "the environment's settings for traces: OTEL_EXPORTER_OTLP_TRACES_PROTOCOL must be http/protobuf",
      accepted: 0,
      lost: 0,
      pending: 'all',
    };
    telemetry.record([checkedPeers('node1', 5)]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([failure]);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([failure]);
    expect(receiver.points()).toHaveLength(1);
  });
});
