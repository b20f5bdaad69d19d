import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base/node-http';
import { type Headers, sendable } from './headers.ts';
import type { OtlpSettings } from './signals.ts';

/**
 * Settings as the OTLP exporters take them. Sockets are not kept alive: one that the server closed
 * while the function was frozen would cost the next export its first try.
 */
export function exporterOptions(
  settings: OtlpSettings,
  readHeaders: () => Promise<Headers>,
): OTLPExporterNodeConfigBase {
  return {
    url: settings.url,
    timeoutMillis: settings.timeoutMilliseconds,
    compression:
      settings.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    // Agent options replace those that the exporter makes of the environment, certificates included.
    httpAgentOptions: { keepAlive: false, ...settings.tls },
    headers: async () => sendable({ ...settings.headers, ...(await readHeaders()) }),
  };
}
