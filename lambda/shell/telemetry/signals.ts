import { readFileSync } from 'node:fs';
import { parseKeyPairsIntoRecord } from '@opentelemetry/core';

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

/** `setTimeout` takes no more. */
const TIMEOUT_MILLISECONDS_MAX = 2_147_483_647;

/**
 * Reads the variables of the OTLP exporter specification (1.60). A signal's own variables win over the
 * common ones. Without an endpoint a signal is off: the SDK would try `localhost:4318`, where nobody
 * listens in a Lambda.
 */
export function readSignal(environment: Environment, signal: Signal): SignalSettings {
  if (environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return { kind: 'off' };
  const exporter = environment[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() || 'otlp';
  if (exporter === 'none') return { kind: 'off' };
  if (exporter !== 'otlp') return unusable(signal, `exporter ${exporter} is not otlp or none`);

  try {
    return readOtlp(environment, signal);
  } catch (error) {
    return unusable(signal, error instanceof Error ? error.message : String(error));
  }
}

function readOtlp(environment: Environment, signal: Signal): SignalSettings {
  const read = (name: string): string | undefined =>
    environment[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`]?.trim() ||
    environment[`OTEL_EXPORTER_OTLP_${name}`]?.trim() ||
    undefined;

  const url = endpointOf(environment, signal);
  if (url === undefined) return { kind: 'off' };
  const protocol = read('PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    return unusable(signal, `protocol ${protocol} is not http/protobuf`);
  }
  const compression = read('COMPRESSION') ?? 'gzip';
  if (compression !== 'gzip' && compression !== 'none') {
    return unusable(signal, `compression ${compression} is not gzip or none`);
  }
  const timeoutMilliseconds = Number(read('TIMEOUT') ?? TIMEOUT_MILLISECONDS_DEFAULT);
  if (!(timeoutMilliseconds > 0 && timeoutMilliseconds <= TIMEOUT_MILLISECONDS_MAX)) {
    return unusable(signal, `timeout ${read('TIMEOUT')} is not a number of milliseconds`);
  }
  return {
    kind: 'otlp',
    url,
    headers: {
      ...parseKeyPairsIntoRecord(environment['OTEL_EXPORTER_OTLP_HEADERS']),
      ...parseKeyPairsIntoRecord(environment[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`]),
    },
    timeoutMilliseconds,
    compression,
    tls: {
      ...pem('ca', read('CERTIFICATE')),
      ...pem('cert', read('CLIENT_CERTIFICATE')),
      ...pem('key', read('CLIENT_KEY')),
    },
  };
}

/** A signal's own endpoint is used as it is. The signal's path is added to the common one. */
function endpointOf(environment: Environment, signal: Signal): string | undefined {
  const own = environment[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`]?.trim();
  if (own) return httpUrl(own);
  const common = environment['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  return common ? httpUrl(`${common.replace(/\/+$/, '')}/v1/${signal}`) : undefined;
}

/** The error does not repeat the text: an endpoint may carry a password. */
function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new Error('the endpoint is not an http or https URL');
}

function pem(name: 'ca' | 'cert' | 'key', file: string | undefined): Partial<OtlpSettings['tls']> {
  return file === undefined ? {} : { [name]: readFileSync(file) };
}

function unusable(signal: Signal, reason: string): SignalSettings {
  return { kind: 'unusable', reason: `the environment's settings for ${signal}: ${reason}` };
}
