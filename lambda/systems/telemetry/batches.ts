import { gzipSync } from 'node:zlib';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  DataPointType,
  type MetricData,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { bytesOfAttributes, lengthOf } from './record-size.ts';

/**
 * What one request carries at most. Every backend has a bound, and refuses the whole request where it
 * is passed: docs/backends.md lists them.
 */
export interface BatchLimits {
  readonly points: number;
  /** As sent, so compressed where the exporter compresses. */
  readonly bodyBytes: number;
  /** Before compression. */
  readonly rawBytes: number;
}

/** Below the least bound of every backend in docs/backends.md, and for logs and traces too. */
export const BYTES_MAX = { bodyBytes: 512_000, rawBytes: 4_000_000 } as const;

/** The points in several requests, each within the limits; a single point that is not is one of its own. */
export function batchesOf(
  metrics: ResourceMetrics,
  limits: BatchLimits,
  isCompressed: boolean,
): readonly ResourceMetrics[] {
  const count = pointsIn(metrics);
  const pieces = Array.from({ length: Math.ceil(count / limits.points) }, (_, at) =>
    piece(metrics, at * limits.points, (at + 1) * limits.points),
  );
  return pieces.flatMap((one) => fitting(one, limits, isCompressed));
}

function fitting(
  metrics: ResourceMetrics,
  limits: BatchLimits,
  isCompressed: boolean,
): readonly ResourceMetrics[] {
  if (pointsIn(metrics) === 1 || fits(metrics, limits, isCompressed)) return [metrics];
  return halvesOf(metrics).flatMap((half) => fitting(half, limits, isCompressed));
}

/** A thousand points are some 150 kB, so most batches need no more than the estimate. */
function fits(metrics: ResourceMetrics, limits: BatchLimits, isCompressed: boolean): boolean {
  if (bytesAtMost(metrics) <= limits.bodyBytes) return true;
  const raw = ProtobufMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array();
  if (raw.length > limits.rawBytes) return false;
  return (isCompressed ? gzipSync(raw) : raw).length <= limits.bodyBytes;
}

/** The first half of the points, and the rest. */
export function halvesOf(metrics: ResourceMetrics): readonly [ResourceMetrics, ResourceMetrics] {
  const count = pointsIn(metrics);
  const half = Math.ceil(count / 2);
  return [piece(metrics, 0, half), piece(metrics, half, count)];
}

export function pointsIn({ scopeMetrics }: ResourceMetrics): number {
  return scopeMetrics.reduce(
    (sum, { metrics }) => sum + metrics.reduce((all, { dataPoints }) => all + dataPoints.length, 0),
    0,
  );
}

/** The points from one position up to another, each in its metric and scope. */
function piece(metrics: ResourceMetrics, from: number, to: number): ResourceMetrics {
  let position = 0;
  const scopeMetrics: ScopeMetrics[] = [];
  for (const scoped of metrics.scopeMetrics) {
    const inside: MetricData[] = [];
    for (const metric of scoped.metrics) {
      const part = partOf(metric, from - position, to - position);
      position += metric.dataPoints.length;
      if (part.dataPoints.length > 0) inside.push(part);
    }
    if (inside.length > 0) scopeMetrics.push({ scope: scoped.scope, metrics: inside });
  }
  return { resource: metrics.resource, scopeMetrics };
}

/** Spelled out by kind, because the type of the points belongs to the kind. */
function partOf(metric: MetricData, from: number, to: number): MetricData {
  const [start, end] = [Math.max(0, from), Math.max(0, to)];
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      return { ...metric, dataPoints: metric.dataPoints.slice(start, end) };
    case DataPointType.HISTOGRAM:
      return { ...metric, dataPoints: metric.dataPoints.slice(start, end) };
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return { ...metric, dataPoints: metric.dataPoints.slice(start, end) };
  }
}

/** Tags, lengths, two times and a value of a point. */
const POINT_BYTES = 48;

/** A bound from above on what the metrics are in protobuf. */
function bytesAtMost({ resource, scopeMetrics }: ResourceMetrics): number {
  let bytes = POINT_BYTES + bytesOfAttributes(resource.attributes);
  for (const { metrics } of scopeMetrics) {
    for (const { descriptor, dataPoints } of metrics) {
      const { name, unit, description } = descriptor;
      bytes += POINT_BYTES + lengthOf(name) + lengthOf(unit) + lengthOf(description);
      for (const { attributes } of dataPoints) bytes += POINT_BYTES + bytesOfAttributes(attributes);
    }
  }
  return bytes;
}
