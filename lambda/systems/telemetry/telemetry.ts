import { envDetector } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { type Clock, type Deadline, deadlineIn } from '../../deadline.ts';
import { cachedHeaders, exporterOptions, type Headers } from './exporter-options.ts';
import {
  type FlushFailure,
  flushOutlets,
  openPipeline,
  type Outlet,
  type Pipeline,
} from './outlet.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { collectRejections, type Rejections } from './rejections.ts';
import { functionNameOf, functionResource, type FunctionIdentity } from './resource.ts';
import { readSignal, SIGNALS, type Environment } from './signals.ts';

export interface TelemetryOptions extends FunctionIdentity {
  readonly environment: Environment;
  readonly clock: Clock;
  /** Headers from a secret; they win over those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly readHeaders?: (() => Promise<Headers>) | undefined;
}

export interface Telemetry extends Recorder {
  /**
   * Sends what was recorded. Never rejects, and ends a second before the invocation does, if that much
   * remains. Events and spans of a failed flush go out with the next one. End the root span before: a
   * span that has not ended is not sent.
   */
  flush(remainingMilliseconds: number): Promise<readonly FlushFailure[]>;
  /** Sends the events that were emitted, and nothing else. Never rejects. */
  flushEvents(deadline: Deadline): Promise<readonly FlushFailure[]>;
}

/**
 * Starts the SDK. Call it once in a process: the SDK's providers are global. A signal without an
 * endpoint is off. If all signals are off, no SDK is started: nothing is recorded, and a flush
 * succeeds.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const headers = cachedHeaders(options.readHeaders ?? (async () => ({})), options.clock);
  const pipelines: Pipeline[] = [];
  const unusable: Outlet[] = [];
  let milliseconds = 0;
  for (const signal of SIGNALS) {
    const settings = readSignal(options.environment, signal);
    switch (settings.kind) {
      case 'off':
        break;
      case 'unusable':
        unusable.push({ signal, deliver: async () => [settings.reason], pending: () => 'all' });
        break;
      case 'otlp':
        pipelines.push(
          openPipeline(
            signal,
            exporterOptions(settings, () => headers.read()),
          ),
        );
        milliseconds = Math.max(milliseconds, settings.timeoutMilliseconds);
        break;
    }
  }
  const outlets =
    pipelines.length === 0 ? unusable : [...unusable, ...startSdk(options, pipelines)];
  return {
    ...createRecorder(functionNameOf(options.functionArn), options.clock),
    async flush(remainingMilliseconds) {
      const limit = milliseconds + EXPORT_MARGIN_MILLISECONDS;
      const remaining = remainingMilliseconds - RESERVE_MILLISECONDS;
      const failures = await flushOutlets(
        outlets,
        deadlineIn(Math.max(0, Math.min(limit, remaining)), options.clock),
      );
      if (failures.length > 0) headers.forget();
      return failures;
    },
    async flushEvents(deadline) {
      const ofEvents = outlets.filter(({ signal }) => signal === 'logs');
      return await flushOutlets(ofEvents, deadline);
    },
  };
}

/** What the invocation still needs after the flush: to log the result and to return. */
const RESERVE_MILLISECONDS = 1_000;

/** The exporters' own timeout comes first, because its error says what went wrong. */
const EXPORT_MARGIN_MILLISECONDS = 1_000;

function startSdk(options: TelemetryOptions, pipelines: readonly Pipeline[]): readonly Outlet[] {
  const started = new NodeSDK({
    resource: functionResource(options.environment, options),
    resourceDetectors: [envDetector],
    textMapPropagator: null,
    // The SDK sets up a signal from the environment itself if its list is left out, not if it is empty.
    metricReaders: pipelines.flatMap(({ sdk }) => sdk.metricReaders ?? []),
    logRecordProcessors: pipelines.flatMap(({ sdk }) => sdk.logRecordProcessors ?? []),
    spanProcessors: pipelines.flatMap(({ sdk }) => sdk.spanProcessors ?? []),
  });
  const rejections = collectRejections(options.environment);
  started.start();
  return pipelines.map(({ outlet }) => withRejections(outlet, rejections));
}

function withRejections(outlet: Outlet, rejections: Rejections): Outlet {
  return {
    ...outlet,
    deliver: async (abandoned) => [
      ...(await outlet.deliver(abandoned)),
      ...rejections.take(outlet.signal),
    ],
  };
}
