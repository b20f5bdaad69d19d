/** The pod that answers the aggregated API: reads its order from standard input, and serves until it
 * is ended. */

import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { ASKED_BY_HEADER, holdsWayTo, LOST_STATUS } from './aggregated-api.ts';
import { METRICS, METRICS_PATH, resourceList } from './discovery.ts';
import { listenOn, metricsPodOrderSchema, sayReady } from './orders.ts';

const order = metricsPodOrderSchema.parse(JSON.parse(await text(process.stdin)));
const { certificate: cert, key } = order.tls;
const server = createServer({ cert, key }, (request, response) => {
  answer(request, response);
});
sayReady([await listenOn(server, order.listen)]);

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (order.overlay === 'modelled' && !reaches(request.headers[ASKED_BY_HEADER])) {
    response.statusCode = LOST_STATUS;
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/json');
  if (request.url?.split('?')[0] === METRICS_PATH) {
    response.end(JSON.stringify(resourceList(METRICS)));
  } else {
    response.statusCode = 404;
    response.end(
      JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }),
    );
  }
}

function reaches(asker: string | readonly string[] | undefined): boolean {
  const host = order.hosts.find(({ name }) => name === asker);
  return host !== undefined && holdsWayTo(host);
}
