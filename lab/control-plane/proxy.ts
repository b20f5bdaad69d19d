import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { askPod } from './backend.ts';
import type { MetricsState } from './metrics-watch.ts';
import type { ApiServerOrder } from './orders.ts';

const SERVICE_UNAVAILABLE = 503;

/** Passes a request on to the pod of the aggregated API, and its answer back. */
export function proxy(
  { path, response }: { readonly path: string; readonly response: ServerResponse },
  order: ApiServerOrder,
  { availability }: MetricsState,
): void {
  if (!availability.available) {
    fail(response, 'service unavailable\n');
    return;
  }
  const asker = new AbortController();
  response.once('close', () => asker.abort());
  const { signal } = asker;
  askPod(order, { path, dialSeconds: order.dialSeconds, signal }).then(
    (answer) => {
      const type = answer.headers['content-type'];
      response.statusCode = answer.statusCode ?? SERVICE_UNAVAILABLE;
      if (type !== undefined) response.setHeader('content-type', type);
      pipeline(answer, response, () => {});
    },
    (cause: unknown) => {
      // In the words of apimachinery kubernetes-1.14.8, pkg/util/proxy/transport.go.
      const why = cause instanceof Error ? cause.message : String(cause);
      const { host, port } = order.pod.listens;
      fail(response, `Error: '${why}'\nTrying to reach: 'https://${host}:${port}${path}'`);
    },
  );
}

function fail(response: ServerResponse, text: string): void {
  if (response.destroyed) return;
  response.statusCode = SERVICE_UNAVAILABLE;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(text);
}
