import { ValueType } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { batchedDelivery } from '../../../../lambda/systems/telemetry/batched-delivery.ts';
import { BYTES_MAX, pointsIn } from '../../../../lambda/systems/telemetry/batches.ts';

function gauge(values: readonly number[]): ResourceMetrics {
  const metric = {
    descriptor: { name: 'a', description: '', unit: '{peer}', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.DELTA,
    dataPointType: DataPointType.GAUGE as const,
    dataPoints: values.map((value) => ({
      startTime: [0, 0] satisfies [number, number],
      endTime: [1, 0] satisfies [number, number],
      attributes: {},
      value,
    })),
  };
  return {
    resource: emptyResource(),
    scopeMetrics: [{ scope: { name: 'vtepwatch' }, metrics: [metric] }],
  };
}

const BAD = -1;

test.for([
  ['of one point', 400, 'the value of a label exceeds the maximum length'],
  ['of one point with a status about size', 413, 'label too large'],
] as const)('a refusal %s makes no request of later runs smaller', async ([, code, answer]) => {
  const sizes: number[] = [];
  const delivery = batchedDelivery(
    (metrics, done) => {
      const values = metrics.scopeMetrics.flatMap((scope) =>
        scope.metrics.flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value)),
      );
      sizes.push(pointsIn(metrics));
      if (!values.includes(BAD)) return done({ code: ExportResultCode.SUCCESS });
      const error = Object.assign(new Error('refused'), { code, data: answer });
      return done({ code: ExportResultCode.FAILED, error });
    },
    { ...BYTES_MAX, points: 1000 },
    true,
  );
  const values = Array.from({ length: 3000 }, (_, at) => at);

  expect(await delivery.deliver(gauge(values.with(1234, BAD)))).toHaveLength(1);
  expect(delivery.counts()).toEqual({ accepted: 2999, lost: 1, pending: 0 });

  sizes.splice(0);
  expect(await delivery.deliver(gauge(values))).toEqual([]);
  expect(sizes).toEqual([1000, 1000, 1000]);
});
