import { validateHeaderName, validateHeaderValue } from 'node:http';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import { USER_AGENT } from '../../../shared/contract/version.ts';
import type { Clock } from '../../deadline.ts';
import { PROXY } from '../outside.ts';
import type { OtlpSettings } from './signals.ts';

export type Headers = Readonly<Record<string, string>>;

/**
 * Settings as the OTLP exporters take them. Sockets are not kept alive: one that the server closed
 * while the function was frozen would cost the next export its first try. `sent` learns the headers
 * of each request.
 */
export function exporterOptions(
  settings: OtlpSettings,
  readHeaders: () => Promise<Headers>,
  sent: (headers: Headers) => void,
): OTLPExporterNodeConfigBase {
  return {
    url: settings.url,
    timeoutMillis: settings.timeoutMilliseconds,
    compression:
      settings.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    // These replace the options that the exporter makes of the environment, certificates included.
    httpAgentOptions: { keepAlive: false, ...PROXY, ...settings.tls },
    headers: async () => {
      const headers = sendable({ ...settings.headers, ...(await readHeaders()) });
      sent(headers);
      return headers;
    },
    userAgent: USER_AGENT,
  };
}

interface HeaderCache {
  read(): Promise<Headers>;
  /** The next read asks anew: what failed or was refused may have been fixed since. */
  forget(): void;
}

const CACHE_MILLISECONDS = 300_000;

/**
 * The exporters ask for headers at every request, and three of them ask at once. The secret behind
 * them is read once in `CACHE_MILLISECONDS`. A failed read is cached as well, until it is forgotten.
 */
export function cachedHeaders(readHeaders: () => Promise<Headers>, clock: Clock): HeaderCache {
  let cached: { readonly headers: Promise<Headers>; readonly until: number } | undefined;
  return {
    read() {
      if (cached === undefined || clock.now() >= cached.until) {
        cached = { headers: readHeaders(), until: clock.now() + CACHE_MILLISECONDS };
      }
      return cached.headers;
    },
    forget() {
      cached = undefined;
    },
  };
}

/**
 * The headers, if HTTP can carry them. Node's own errors quote a bad name, and a secret is read as a
 * name where somebody wrote a colon in place of `=`.
 */
function sendable(headers: Headers): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new Error('the headers cannot be sent: one is not name=value, or not printable');
    }
  }
  return { ...headers };
}
