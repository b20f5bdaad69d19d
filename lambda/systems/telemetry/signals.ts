import { readFileSync } from 'node:fs';
import { parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { otelValueSchema, readSetting } from '../../../shared/contract/settings.ts';

/** `process.env`, or a record like it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** In the order in which they are named in a result. */
export const SIGNALS = ['metrics', 'logs', 'traces'] as const;

export type Signal = (typeof SIGNALS)[number];

/** What the environment says about one signal. */
export type SignalSettings =
  | { readonly kind: 'off' }
  /** Something is set that cannot work. Every flush reports it, so that nobody misses it. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | OtlpSettings;

export interface OtlpSettings {
  readonly kind: 'otlp';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bounds one export, its retries included. */
  readonly timeoutMilliseconds: number;
  readonly compression: 'gzip' | 'none';
  /** Contents of the PEM files. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

/** Room for the first try and two retries; the SDK's default of 10 s is too long for a short run. */
const TIMEOUT_MILLISECONDS_DEFAULT = 4_000;

/**
 * Reads the variables of the OTLP exporter specification (1.60). A signal's own variables win over the
 * common ones. Without an endpoint a signal is off: the SDK would try `localhost:4318`, where nobody
 * listens in a Lambda.
 */
export function readSignal(environment: Environment, signal: Signal): SignalSettings {
  if (environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return { kind: 'off' };
  try {
    const exporter = valueOf(environment, `OTEL_${signal.toUpperCase()}_EXPORTER`);
    return exporter === 'none' ? { kind: 'off' } : readOtlp(environment, signal);
  } catch (error) {
    return unusable(signal, error instanceof Error ? error.message : String(error));
  }
}

function readOtlp(environment: Environment, signal: Signal): SignalSettings {
  const read = (name: string): string | undefined =>
    valueOf(environment, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`) ??
    valueOf(environment, `OTEL_EXPORTER_OTLP_${name}`);

  const url = endpointOf(environment, signal);
  if (url === undefined) return { kind: 'off' };
  // There is one protocol, so its variable is only checked.
  read('PROTOCOL');
  return {
    kind: 'otlp',
    url,
    headers: {
      ...parseKeyPairsIntoRecord(environment['OTEL_EXPORTER_OTLP_HEADERS']),
      ...parseKeyPairsIntoRecord(environment[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`]),
    },
    timeoutMilliseconds: Number(read('TIMEOUT') ?? TIMEOUT_MILLISECONDS_DEFAULT),
    compression: read('COMPRESSION') === 'none' ? 'none' : 'gzip',
    tls: {
      ...pem('ca', read('CERTIFICATE')),
      ...pem('cert', read('CLIENT_CERTIFICATE')),
      ...pem('key', read('CLIENT_KEY')),
    },
  };
}

/** A signal's own endpoint is used as it is. The signal's path is added to the common one. */
function endpointOf(environment: Environment, signal: Signal): string | undefined {
  const own = valueOf(environment, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`);
  if (own !== undefined) return new URL(own).href;
  const common = valueOf(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return common === undefined
    ? undefined
    : new URL(`${common.replace(/\/+$/, '')}/v1/${signal}`).href;
}

/** A variable that may be unset; an empty one counts as unset. The error does not repeat the value. */
function valueOf(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  if (!value) return undefined;
  const reading = readSetting(otelValueSchema(name), value, { subjectOf: () => name });
  if (reading.kind === 'wrong') throw new Error(reading.troubles.join('\n'));
  return reading.value;
}

function pem(name: 'ca' | 'cert' | 'key', file: string | undefined): Partial<OtlpSettings['tls']> {
  return file === undefined ? {} : { [name]: readFileSync(file) };
}

function unusable(signal: Signal, reason: string): SignalSettings {
  return { kind: 'unusable', reason: `the environment's settings for ${signal}: ${reason}` };
}
