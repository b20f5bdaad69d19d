import { envDetector } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { type Clock, type Deadline, deadlineIn } from '../../deadline.ts';
import type { Trouble } from './delivery.ts';
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
import { observeStatus } from './retried-status.ts';
import { withoutSecrets } from './secrets-in-text.ts';
import { readSignal, type Signal, SIGNALS, type Environment } from './signals.ts';

export interface TelemetryOptions extends FunctionIdentity {
  readonly environment: Environment;
  readonly clock: Clock;
  /** Headers from a secret; they win over those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly readHeaders?: (() => Promise<Headers>) | undefined;
  /** How many points one request carries at most. */
  readonly pointsMax: number;
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
  const sentHeaders: Record<string, string> = {};
  const seen = new Map<Signal, (trouble: Trouble) => Trouble>();
  let milliseconds = 0;
  for (const signal of SIGNALS) {
    const settings = readSignal(options.environment, signal);
    switch (settings.kind) {
      case 'off':
        break;
      case 'unusable':
        unusable.push({
          signal,
          deliver: async () => [{ reason: settings.reason }],
          counts: () => ({ accepted: 0, lost: 0, pending: 'all' }),
        });
        break;
      case 'otlp':
        pipelines.push(
          openPipeline(
            signal,
            exporterOptions(
              settings,
              () => headers.read(),
              (sent) => Object.assign(sentHeaders, sent),
            ),
            options.pointsMax,
          ),
        );
        seen.set(signal, observeStatus(settings.url));
        milliseconds = Math.max(milliseconds, settings.timeoutMilliseconds);
        break;
    }
  }
  const outlets =
    pipelines.length === 0 ? unusable : [...unusable, ...startSdk(options, pipelines)];
  const asReported = (failure: FlushFailure): FlushFailure => {
    const known = { ...failure, ...seen.get(failure.signal)?.(failure) };
    return { ...known, reason: withoutSecrets(known.reason, sentHeaders) };
  };
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
      return failures.map(asReported);
    },
    async flushEvents(deadline) {
      const ofEvents = outlets.filter(({ signal }) => signal === 'logs');
      return (await flushOutlets(ofEvents, deadline)).map(asReported);
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

/** What a backend refuses within a request that it accepts is lost. */
function withRejections(outlet: Outlet, rejections: Rejections): Outlet {
  let rejected = 0;
  return {
    ...outlet,
    async deliver(abandoned) {
      rejected = 0;
      const troubles = await outlet.deliver(abandoned);
      const { records, troubles: more } = rejections.take(outlet.signal);
      rejected = records;
      return [...troubles, ...more];
    },
    counts() {
      const { accepted, lost, pending } = outlet.counts();
      return { accepted: accepted - rejected, lost: lost + rejected, pending };
    },
  };
}
