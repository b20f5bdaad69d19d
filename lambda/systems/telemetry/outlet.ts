import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Deadline, orLate, remaining } from '../../deadline.ts';
import { reasonOf } from './export-result.ts';
import { OnDemandMetricReader } from './on-demand-metric-reader.ts';
import {
  bufferingLogProcessor,
  bufferingSpanProcessor,
  retainingBuffer,
} from './retaining-buffer.ts';
import type { Signal } from './signals.ts';

/** Where one signal leaves the function. */
export interface Outlet {
  readonly signal: Signal;
  /** Sends what there is, and returns the reasons of what failed. Begins nothing once abandoned. */
  deliver(abandoned: AbortSignal): Promise<readonly string[]>;
  /** How many records wait to be sent again; `all` where nothing can be sent at all. */
  pending(): number | 'all';
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

export function openPipeline(signal: Signal, options: OTLPExporterNodeConfigBase): Pipeline {
  switch (signal) {
    case 'metrics': {
      const reader = new OnDemandMetricReader(new OTLPMetricExporter(options));
      return {
        sdk: { metricReaders: [reader] },
        outlet: { signal, deliver: () => reader.deliver(), pending: () => 0 },
      };
    }
    case 'logs': {
      const exporter = new OTLPLogExporter(options);
      const buffer = retainingBuffer<ReadableLogRecord>(
        (records, done) => exporter.export(records, done),
        EVENTS_MAX,
      );
      return {
        sdk: { logRecordProcessors: [bufferingLogProcessor(buffer)] },
        outlet: { signal, ...buffer },
      };
    }
    case 'traces': {
      const exporter = new OTLPTraceExporter(options);
      const buffer = retainingBuffer<ReadableSpan>(
        (spans, done) => exporter.export(spans, done),
        SPANS_MAX,
      );
      return {
        sdk: { spanProcessors: [bufferingSpanProcessor(buffer)] },
        outlet: { signal, ...buffer },
      };
    }
  }
}

/** Why a signal, or a part of it, did not reach the backend. */
export interface FlushFailure {
  readonly signal: Signal;
  /** Printable, of bounded length. */
  readonly reason: string;
  /** Records of this signal that the next flush sends again; `all` where its settings are unusable. */
  readonly pending: number | 'all';
}

/**
 * Empties all outlets side by side until the deadline. An outlet that takes longer has failed,
 * whatever becomes of its request.
 */
export async function flushOutlets(
  outlets: readonly Outlet[],
  deadline: Deadline,
): Promise<readonly FlushFailure[]> {
  const late = [`not delivered within ${Math.round(remaining(deadline))} ms`];
  const abandon = new AbortController();
  const failures = await Promise.all(
    outlets.map(async (outlet) => {
      const delivered = outlet.deliver(abandon.signal).catch((error: unknown) => [reasonOf(error)]);
      const reasons = await orLate(delivered, deadline, () => late);
      return reasons.map((reason) => ({
        signal: outlet.signal,
        reason,
        pending: outlet.pending(),
      }));
    }),
  );
  abandon.abort();
  return failures.flat();
}
