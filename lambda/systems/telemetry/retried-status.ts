import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest, IncomingMessage } from 'node:http';
import type { Trouble } from './delivery.ts';

/** The message of `@opentelemetry/otlp-exporter-base` 0.301 for a status that it has retried. */
const RETRIED = 'Export failed with retryable status';

/**
 * The exporters do not report which status they gave up on: 429 asks for fewer requests, and 503 for
 * patience. Node reports every answer to who subscribes, so the last one of the URL is taken there.
 */
export function observeStatus(url: string): (trouble: Trouble) => Trouble {
  let last: number | undefined;
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = Object(message);
    if (!(request instanceof ClientRequest && response instanceof IncomingMessage)) return;
    const called = `${request.protocol}//${String(request.getHeader('host'))}${request.path}`;
    if (called === url) last = response.statusCode;
  });
  return (trouble) =>
    trouble.reason === RETRIED && last !== undefined
      ? { reason: `${last}, and no time for another try`, status: last }
      : trouble;
}
