import { ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import {
  batchesOf,
  BYTES_MAX,
  halvesOf,
  pointsIn,
} from '../../../../lambda/systems/telemetry/batches.ts';

/** A gauge with a point for each value; `padding` makes each point larger. */
function gauge(name: string, values: readonly number[], padding = ''): MetricData {
  return {
    descriptor: { name, description: '', unit: '{peer}', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.DELTA,
    dataPointType: DataPointType.GAUGE,
    dataPoints: values.map((value) => ({
      startTime: [0, 0],
      endTime: [1, 0],
      attributes: { 'k8s.node.name': `${padding}node${value}` },
      value,
    })),
  };
}

function metricsOf(...metrics: MetricData[]): ResourceMetrics {
  return {
    resource: emptyResource(),
    scopeMetrics: [{ scope: { name: 'vtepwatch' }, metrics }],
  };
}

/** `a:0,1,2`: the values of each metric, in the order in which they are sent. */
function shown({ scopeMetrics }: ResourceMetrics): string {
  return scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .map(({ descriptor, dataPoints }) => {
      const values = dataPoints.map(({ value }) => JSON.stringify(value));
      return `${descriptor.name}:${values.join(',')}`;
    })
    .join(' ');
}

const SMALL = { ...BYTES_MAX, points: 3 } as const;

describe('metrics in requests', () => {
  test('that fit are one request', () => {
    const metrics = metricsOf(gauge('a', [0, 1]), gauge('b', [2]));
    expect(batchesOf(metrics, SMALL, true).map(shown)).toEqual(['a:0,1 b:2']);
  });

  test('with more points are several, each point in its metric, in order and once', () => {
    const metrics = metricsOf(gauge('a', [0, 1]), gauge('b', [2, 3, 4, 5, 6]));
    expect(batchesOf(metrics, SMALL, true).map(shown)).toEqual(['a:0,1 b:2', 'b:3,4,5', 'b:6']);
  });

  test('without points are none', () => {
    expect(batchesOf(metricsOf(), SMALL, true)).toEqual([]);
  });

  test('are halved until they fit in bytes before compression', () => {
    const metrics = metricsOf(gauge('a', [0, 1, 2, 3], 'x'.repeat(500)));
    const limits = { points: 10, bodyBytes: 1000, rawBytes: 1200 };
    expect(batchesOf(metrics, limits, true).map(shown)).toEqual(['a:0,1', 'a:2,3']);
  });

  test('are halved until they fit in bytes as they are sent', () => {
    const metrics = metricsOf(gauge('a', [0, 1, 2, 3], 'x'.repeat(500)));
    const limits = { points: 10, bodyBytes: 1200, rawBytes: 100_000 };
    expect(batchesOf(metrics, limits, true)).toHaveLength(1);
    expect(batchesOf(metrics, limits, false).map(shown)).toEqual(['a:0,1', 'a:2,3']);
  });

  test('a point that is too large alone is sent alone', () => {
    const metrics = metricsOf(gauge('a', [0, 1], 'x'.repeat(500)));
    const limits = { points: 10, bodyBytes: 10, rawBytes: 10 };
    expect(batchesOf(metrics, limits, true).map(shown)).toEqual(['a:0', 'a:1']);
  });

  test('of an odd number have a first half that is larger', () => {
    const metrics = metricsOf(gauge('a', [0, 1]), gauge('b', [2]));
    expect(halvesOf(metrics).map(shown)).toEqual(['a:0,1', 'b:2']);
    expect(pointsIn(metrics)).toBe(3);
  });
});
