import { envDetector } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { openChannel, type Channel } from './channels.ts';
import { exporterOptions } from './exporter-options.ts';
import { cachedHeaders, type Headers } from './headers.ts';
import { flushOutlets, type FlushFailure, type Outlet } from './outlet.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { hearRejections, type Rejections } from './rejections.ts';
import { functionNameOf, functionResource, type FunctionIdentity } from './resource.ts';
import { readSignal, SIGNALS, type Environment } from './signals.ts';

export interface TelemetryOptions extends FunctionIdentity {
  readonly environment: Environment;
  /** Headers that are kept in a secret; they win over those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly readHeaders?: (() => Promise<Headers>) | undefined;
}

export interface Telemetry extends Recorder {
  /**
   * Sends what was recorded. Never rejects, and ends a second before the invocation does where that
   * much remains. Events and spans of a failed flush go out with the next one. A span that has not
   * ended is not sent: the root span ends first.
   */
  flush(remainingMilliseconds: number): Promise<readonly FlushFailure[]>;
}

/**
 * Starts the SDK; to be called once in a process, since its providers are global. A signal without an
 * endpoint is off. Where all are off no SDK is started: nothing is recorded, and a flush succeeds.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const headers = cachedHeaders(options.readHeaders ?? (async () => ({})));
  const channels: Channel[] = [];
  const unusable: Outlet[] = [];
  let milliseconds = 0;
  for (const signal of SIGNALS) {
    const settings = readSignal(options.environment, signal);
    switch (settings.kind) {
      case 'off':
        break;
      case 'unusable':
        unusable.push({ signal, deliver: async () => [settings.reason], kept: () => 0 });
        break;
      case 'otlp':
        channels.push(
          openChannel(
            signal,
            exporterOptions(settings, () => headers.read()),
          ),
        );
        milliseconds = Math.max(milliseconds, settings.timeoutMilliseconds);
        break;
    }
  }
  const outlets = channels.length === 0 ? unusable : [...unusable, ...startSdk(options, channels)];
  return {
    ...createRecorder(functionNameOf(options.functionArn)),
    async flush(remainingMilliseconds) {
      const limit = milliseconds + EXPORT_MARGIN_MILLISECONDS;
      const remaining = remainingMilliseconds - RESERVE_MILLISECONDS;
      const failures = await flushOutlets(outlets, Math.max(0, Math.min(limit, remaining)));
      if (failures.length > 0) headers.forget();
      return failures;
    },
  };
}

/** What the invocation still needs after the flush: to log the result and to return. */
const RESERVE_MILLISECONDS = 1_000;

/** The exporters' own timeout should speak first, since it knows what went wrong. */
const EXPORT_MARGIN_MILLISECONDS = 1_000;

function startSdk(options: TelemetryOptions, channels: readonly Channel[]): readonly Outlet[] {
  const sdk = new NodeSDK({
    resource: functionResource(options.environment, options),
    resourceDetectors: [envDetector],
    textMapPropagator: null,
    // A signal that is left out, not empty, would be set up from the environment by the SDK itself.
    metricReaders: channels.flatMap((channel) => channel.sdk.metricReaders ?? []),
    logRecordProcessors: channels.flatMap((channel) => channel.sdk.logRecordProcessors ?? []),
    spanProcessors: channels.flatMap((channel) => channel.sdk.spanProcessors ?? []),
  });
  const rejections = hearRejections(options.environment);
  sdk.start();
  return channels.map(({ outlet }) => withRejections(outlet, rejections));
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
