/** A small Kubernetes API server: reads its order from standard input, and serves until it is ended. */

import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { apiServerOrderSchema, delayMs, listedHosts, listenOn, sayReady } from './orders.ts';
import { watchMetrics } from './aggregated-api.ts';
import { apiHandler } from './serve.ts';

const order = apiServerOrderSchema.parse(JSON.parse(await text(process.stdin)));
const handler = apiHandler(
  () => ({ ...order, hosts: listedHosts(order) }),
  await watchMetrics(order),
);
const NODES = /^\/api\/v1\/nodes\b/;
const delayed: RequestListener = (request, response) => {
  const delay = NODES.test(request.url ?? '') ? delayMs(order) : 0;
  setTimeout(handler, delay, request, response);
};
const { certificate: cert, key } = order.tls;
sayReady(
  await Promise.all(
    [...order.listen, order.socket].map((where) =>
      listenOn(createServer({ cert, key }, delayed), where),
    ),
  ),
);
