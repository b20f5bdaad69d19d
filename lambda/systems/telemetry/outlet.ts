import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Deadline, orLate, remaining } from '../../deadline.ts';
import { BYTES_MAX } from './batches.ts';
import type { Counts, Trouble } from './delivery.ts';
import { reasonOf } from './export-result.ts';
import { OnDemandMetricReader } from './on-demand-metric-reader.ts';
import { bytesOfLog, bytesOfSpan } from './record-size.ts';
import {
  bufferingLogProcessor,
  bufferingSpanProcessor,
  retainingBuffer,
} from './retaining-buffer.ts';
import type { Signal } from './signals.ts';

/** Where one signal leaves the function. */
export interface Outlet {
  readonly signal: Signal;
  /** Sends what there is, and returns what failed. Begins nothing once abandoned. */
  deliver(abandoned: AbortSignal): Promise<readonly Trouble[]>;
  counts(): Counts;
}

/** One signal's way through the SDK: what the SDK is given, and where the records come out. */
export interface Pipeline {
  readonly sdk: Pick<
    Partial<NodeSDKConfiguration>,
    'metricReaders' | 'logRecordProcessors' | 'spanProcessors'
  >;
  readonly outlet: Outlet;
}

/** With at most 20 peer names each, some 2 MB. */
const EVENTS_MAX = 1_000;

/** A run of 5,000 hosts has some 300, and 600 more where 200 pages go out through three channels. */
const SPANS_MAX = 2_000;

/** `pointsMax` is how many points one request carries at most. */
export function openPipeline(
  signal: Signal,
  options: OTLPExporterNodeConfigBase,
  pointsMax: number,
): Pipeline {
  switch (signal) {
    case 'metrics': {
      const reader = new OnDemandMetricReader(new OTLPMetricExporter(options), {
        limits: { ...BYTES_MAX, points: pointsMax },
        isCompressed: options.compression === CompressionAlgorithm.GZIP,
      });
      const deliver: Outlet['deliver'] = (abandoned) => reader.deliver(abandoned);
      return {
        sdk: { metricReaders: [reader] },
        outlet: { signal, deliver, counts: () => reader.counts() },
      };
    }
    case 'logs': {
      const exporter = new OTLPLogExporter(options);
      const buffer = retainingBuffer<ReadableLogRecord>(
        (records, done) => exporter.export(records, done),
        { itemsMax: EVENTS_MAX, bytesOf: bytesOfLog },
      );
      return {
        sdk: { logRecordProcessors: [bufferingLogProcessor(buffer)] },
        outlet: { signal, ...buffer },
      };
    }
    case 'traces': {
      const exporter = new OTLPTraceExporter(options);
      const buffer = retainingBuffer<ReadableSpan>((spans, done) => exporter.export(spans, done), {
        itemsMax: SPANS_MAX,
        bytesOf: bytesOfSpan,
      });
      return {
        sdk: { spanProcessors: [bufferingSpanProcessor(buffer)] },
        outlet: { signal, ...buffer },
      };
    }
  }
}

/** Why a signal, or a part of it, did not reach the backend. */
export interface FlushFailure extends Trouble, Counts {
  readonly signal: Signal;
}

/**
 * Empties all outlets side by side until the deadline. An outlet that takes longer has failed,
 * whatever becomes of its request.
 */
export async function flushOutlets(
  outlets: readonly Outlet[],
  deadline: Deadline,
): Promise<readonly FlushFailure[]> {
  const late = [{ reason: `not delivered within ${Math.round(remaining(deadline))} ms` }];
  const abandon = new AbortController();
  const failures = await Promise.all(
    outlets.map(async (outlet) => {
      const delivered = outlet
        .deliver(abandon.signal)
        .catch((error: unknown): readonly Trouble[] => [{ reason: reasonOf(error) }]);
      const troubles = await orLate(delivered, deadline, () => late);
      return troubles.map((trouble) => ({
        signal: outlet.signal,
        ...trouble,
        ...outlet.counts(),
      }));
    }),
  );
  abandon.abort();
  return failures.flat();
}
