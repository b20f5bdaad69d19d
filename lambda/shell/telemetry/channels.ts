import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { bufferingLogProcessor } from './buffering-log-processor.ts';
import { bufferingSpanProcessor } from './buffering-span-processor.ts';
import { OnDemandMetricReader } from './on-demand-metric-reader.ts';
import type { Outlet } from './outlet.ts';
import { retainingBuffer } from './retaining-buffer.ts';
import type { Signal } from './signals.ts';

/** One signal's way through the SDK: what the SDK is given, and where the records come out. */
export interface Channel {
  readonly sdk: SdkParts;
  readonly outlet: Outlet;
}

export type SdkParts = Pick<
  Partial<NodeSDKConfiguration>,
  'metricReaders' | 'logRecordProcessors' | 'spanProcessors'
>;

export function openChannel(signal: Signal, options: OTLPExporterNodeConfigBase): Channel {
  switch (signal) {
    case 'metrics': {
      const reader = new OnDemandMetricReader(new OTLPMetricExporter(options));
      return {
        sdk: { metricReaders: [reader] },
        outlet: { signal, deliver: () => reader.deliver(), kept: () => 0 },
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
        outlet: {
          signal,
          deliver: (abandoned) => buffer.deliver(abandoned),
          kept: () => buffer.kept(),
        },
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
        outlet: {
          signal,
          deliver: (abandoned) => buffer.deliver(abandoned),
          kept: () => buffer.kept(),
        },
      };
    }
  }
}

/** With at most 20 peer names each, some 2 MB. */
const EVENTS_MAX = 1_000;

/** A run of 5,000 hosts has some 250. */
const SPANS_MAX = 1_000;
