import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../../../shared/contract/telemetry.ts';
import { VERSION } from '../../../../shared/contract/version.ts';
import { pointsOf } from '../../../../shared/core/telemetry/points.ts';
import { FIGURES, REPORT } from '../../../shared/core/telemetry/sample-run.ts';
import {
  FUNCTION_ARN,
  REMAINING_MILLISECONDS,
  runningPair,
  runningReceiver,
  runningTelemetry,
} from './running.ts';
import { checkedPeers, exception, OPENED, ROOT_ATTRIBUTES } from './samples.ts';

describe('metrics', () => {
  test('every point arrives as a gauge with its unit, description, attributes and value', async () => {
    const { receiver, telemetry } = await runningPair();
    const points = pointsOf(REPORT, FIGURES);
    telemetry.record(points);
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);

    const arrived = receiver
      .points()
      .map(({ metric, kind, unit, description, value, attributes }) => ({
        metric,
        kind,
        unit,
        description,
        value,
        attributes,
      }));
    const sent = points.map(({ metric, value, attributes }) => ({
      metric,
      kind: 'gauge',
      unit: METRICS[metric].unit,
      description: METRICS[metric].description,
      value,
      attributes,
    }));
    expect(arrived).toHaveLength(sent.length);
    expect(arrived).toEqual(expect.arrayContaining(sent));
    expect(new Set(arrived.map(({ metric }) => metric)).size).toBe(Object.keys(METRICS).length);
  });

  test('a node that has left is not sent again', async () => {
    const { receiver, telemetry } = await runningPair();
    telemetry.record([checkedPeers('node1', 5), checkedPeers('node2', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    receiver.clear();

    telemetry.record([checkedPeers('node1', 4)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.points().map(({ value, attributes }) => [attributes, value])).toEqual([
      [{ 'k8s.cluster.name': 'lab', 'k8s.node.name': 'node1' }, 4],
    ]);
  });

  test('a flush without a new value sends none', async () => {
    const { receiver, telemetry } = await runningPair();
    telemetry.record([checkedPeers('node1', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.requests()).toHaveLength(1);
  });

  test('5,000 nodes are 5,000 series, and none overflows', async () => {
    const { receiver, telemetry } = await runningPair();
    telemetry.record(
      Array.from({ length: 5000 }, (_, index) => checkedPeers(`node${index}`, 4999)),
    );
    expect(await telemetry.flush(REMAINING_MILLISECONDS)).toEqual([]);
    expect(
      new Set(receiver.points().map(({ attributes }) => attributes['k8s.node.name'])).size,
    ).toBe(5000);
  });
});

describe('events', () => {
  test('an event arrives with its name, severity, body and attributes, lists too', async () => {
    const { receiver, telemetry } = await runningPair();
    telemetry.emit([OPENED, exception('no lease')]);
    await telemetry.flush(REMAINING_MILLISECONDS);

    const [opened, failed] = receiver.logs();
    expect(opened).toMatchObject({
      event: 'vtepwatch.incident.opened',
      severityNumber: 17,
      severityText: undefined,
      body: OPENED.body,
      scope: 'vtepwatch',
    });
    // An attribute that is undefined does not arrive.
    expect(opened?.attributes).toEqual(OPENED.attributes);
    expect(opened?.attributes).not.toHaveProperty(['vtepwatch.vtep.tunnel_ip']);
    expect(opened?.unixNanoseconds).toBeGreaterThan(1_700_000_000_000_000_000n);
    expect(failed).toMatchObject({ event: 'vtepwatch.check.exception', severityNumber: 21 });
  });

  test('it belongs to the span in which it was emitted', async () => {
    const { receiver, telemetry } = await runningPair();
    await telemetry.span('function', ROOT_ATTRIBUTES, () =>
      telemetry.span('vtepwatch.evaluate', { 'vtepwatch.host.count': 6 }, async () =>
        telemetry.emit([OPENED]),
      ),
    );
    await telemetry.flush(REMAINING_MILLISECONDS);

    const evaluate = receiver.spans().find(({ name }) => name === 'vtepwatch.evaluate');
    expect(receiver.logs()).toMatchObject([
      { traceId: evaluate?.traceId, spanId: evaluate?.spanId },
    ]);
    expect(evaluate?.spanId).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('spans', () => {
  test('one trace, rooted in a span with the name of the function', async () => {
    const { receiver, telemetry } = await runningPair();
    const answer = await telemetry.span('function', ROOT_ATTRIBUTES, () =>
      telemetry.span('vtepwatch.collect', { 'vtepwatch.action': 'tables' }, async (annotate) => {
        const call = { 'rpc.system.name': 'aws-api', 'rpc.method': 'SSM/SendCommand' } as const;
        const id = await telemetry.span('SSM.SendCommand', call, async () => 'command-1');
        annotate({ 'vtepwatch.host.count': 6 });
        return id;
      }),
    );
    await telemetry.flush(REMAINING_MILLISECONDS);

    expect(answer).toBe('command-1');
    const [call, collect, root] = receiver.spans();
    expect(root).toMatchObject({
      name: 'vtepwatch-lab',
      kind: 2,
      parentSpanId: undefined,
      attributes: ROOT_ATTRIBUTES,
      statusCode: 0,
    });
    expect(collect).toMatchObject({
      name: 'vtepwatch.collect',
      kind: 1,
      traceId: root?.traceId,
      parentSpanId: root?.spanId,
      attributes: { 'vtepwatch.action': 'tables', 'vtepwatch.host.count': 6 },
    });
    expect(call).toMatchObject({
      name: 'SSM.SendCommand',
      kind: 3,
      traceId: root?.traceId,
      parentSpanId: collect?.spanId,
    });
  });

  test('a body that fails marks its span, and fails its caller', async () => {
    const { receiver, telemetry } = await runningPair();
    const failing = telemetry.span(
      'vtepwatch.evaluate',
      { 'vtepwatch.host.count': 6 },
      async () => {
        throw new Error('no such table\n');
      },
    );
    await expect(failing).rejects.toThrow('no such table');
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.spans()).toMatchObject([
      { statusCode: 2, statusMessage: 'no such table', attributes: { 'error.type': '_OTHER' } },
    ]);
  });
});

test('nothing leaves before the flush: a run pages before anybody waits for telemetry', async () => {
  const { receiver, telemetry } = await runningPair();
  await telemetry.span('function', ROOT_ATTRIBUTES, async () => {
    telemetry.record(pointsOf(REPORT, FIGURES));
    telemetry.emit([OPENED]);
  });
  // Long enough for a processor that exports what it is given.
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  expect(receiver.requests()).toEqual([]);
  await telemetry.flush(REMAINING_MILLISECONDS);
  expect(
    receiver
      .requests()
      .map(({ signal }) => signal)
      .toSorted(),
  ).toEqual(['logs', 'metrics', 'traces']);
});

describe('the sender', () => {
  test('is the function, the same at every cold start', async () => {
    const { receiver, telemetry } = await runningPair({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512' });
    telemetry.record([checkedPeers('node1', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.points()[0]?.resource).toEqual({
      'service.name': 'vtepwatch',
      'service.version': VERSION,
      'k8s.cluster.name': 'lab',
      // python3 -c "import uuid; print(uuid.uuid5(uuid.UUID('4d63009a-8d0f-11ee-aad7-4c796ed8e320'), ARN))"
      'service.instance.id': '324ab58c-a8dc-5aa8-a99f-e6d8bac8b891',
      'cloud.provider': 'aws',
      'cloud.platform': 'aws_lambda',
      'cloud.region': 'eu-central-1',
      'cloud.account.id': '123456789012',
      'cloud.resource_id': FUNCTION_ARN,
      'faas.name': 'vtepwatch-lab',
      'faas.version': '7',
      'faas.max_memory': 536_870_912,
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': '3.1.0',
    });
  });

  test('has only attributes of the semantic conventions', async () => {
    const { receiver, telemetry } = await runningPair({
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/vtepwatch-lab',
    });
    telemetry.record([checkedPeers('node1', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    const { resource = {} } = receiver.points()[0] ?? {};
    const known = new Set<unknown>(Object.values(conventions));
    expect(Object.keys(resource).filter((name) => !known.has(name))).toEqual([]);
    expect(resource['aws.log.group.names']).toEqual(['/aws/lambda/vtepwatch-lab']);
  });

  test.for(['7', 'live', '$LATEST'])(
    'an ARN that ends in :%s is the same function',
    async (end) => {
      const receiver = await runningReceiver();
      const telemetry = runningTelemetry(
        { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
        { functionArn: `${FUNCTION_ARN}:${end}` },
      );
      telemetry.record([checkedPeers('node1', 5)]);
      await telemetry.flush(REMAINING_MILLISECONDS);
      expect(receiver.points()[0]?.resource).toMatchObject({
        'service.instance.id': '324ab58c-a8dc-5aa8-a99f-e6d8bac8b891',
        'cloud.resource_id': FUNCTION_ARN,
      });
    },
  );
});

describe('the request', () => {
  test('is compressed, keeps no socket, and carries the headers of environment and secret', async () => {
    const receiver = await runningReceiver();
    const telemetry = runningTelemetry(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-scope=lab,authorization=Basic%20abc',
      },
      { readHeaders: async () => ({ authorization: 'Bearer secret' }) },
    );
    telemetry.record([checkedPeers('node1', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.requests()).toMatchObject([
      {
        encoding: 'gzip',
        headers: { 'x-scope': 'lab', authorization: 'Bearer secret', connection: 'close' },
      },
    ]);
  });

  test('the environment may turn compression off', async () => {
    const { receiver, telemetry } = await runningPair({ OTEL_EXPORTER_OTLP_COMPRESSION: 'none' });
    telemetry.record([checkedPeers('node1', 5)]);
    await telemetry.flush(REMAINING_MILLISECONDS);
    expect(receiver.requests()).toMatchObject([{ encoding: 'identity' }]);
    expect(receiver.points()).toHaveLength(1);
  });
});
