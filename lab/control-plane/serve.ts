import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { askPod, type MetricsState } from './aggregated-api.ts';
import type { ApiServerOrder } from './orders.ts';
import { answerTo } from './routes.ts';

/** What anybody may ask: the role `system:public-info-viewer` of every cluster. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(['/version', '/healthz', '/readyz']);

/** A cluster, as one of its API servers knows it. */
export type ServedCluster = Omit<ApiServerOrder, 'listen' | 'socket' | 'commonDirectory'> & {
  /** Of each node's object besides, as a kubelet's list of images. */
  readonly imageBytes?: number;
};

/** Answers HTTP requests as an API server does, with what it knows at the moment. */
export function apiHandler(
  cluster: () => ServedCluster,
  metrics: () => MetricsState,
): RequestListener {
  return (request, response) => {
    const order = cluster();
    const url = new URL(request.url ?? '/', 'https://kubernetes');
    const known = request.headers.authorization === `Bearer ${order.token}`;
    if (!known && !PUBLIC_PATHS.has(url.pathname)) {
      refuse(response, { code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    } else if (request.method === 'GET') {
      serve({ request, response, url }, order, metrics());
    } else {
      const message = 'the server does not allow this method on the requested resource';
      refuse(response, { code: 405, reason: 'MethodNotAllowed', message });
    }
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

function serve(
  { request, response, url }: Exchange,
  order: ServedCluster,
  metrics: MetricsState,
): void {
  const question = {
    path: url.pathname,
    parameters: url.searchParams,
    accept: request.headers.accept ?? '',
    now: Date.now(),
  };
  const answer = answerTo(question, order, metrics);
  switch (answer.kind) {
    case 'document':
      response.setHeader('content-type', answer.contentType ?? 'application/json');
      response.end(JSON.stringify(answer.document));
      return;
    case 'text':
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(answer.text);
      return;
    case 'not-found':
      refuse(response, {
        code: 404,
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
      });
      return;
    case 'proxied':
      proxy({ path: `${url.pathname}${url.search}`, response }, order, metrics);
  }
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response.statusCode = refusal.code;
  response.setHeader('content-type', 'application/json');
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...refusal };
  response.end(JSON.stringify(status));
}

const SERVICE_UNAVAILABLE = 503;

/** Passes a request on to the pod of the aggregated API, and its answer back. */
function proxy(
  { path, response }: { readonly path: string; readonly response: ServerResponse },
  order: ServedCluster,
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
