import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CERTIFICATE_NAME } from './certificate.ts';
import { holdsWayTo } from './modelled-way.ts';
import type { ApiServerOrder } from './orders.ts';

/** Says to the pod of a modelled cluster who asks: its connections all come from one address. */
export const ASKED_BY_HEADER = 'x-asked-by';

/** The modelled pod's own word that its node would have lost every packet to who asks. */
export const LOST_STATUS = 504;

/** What the pod may take for an answer once it is reached: `--request-timeout` of an API server. */
const ANSWER_SECONDS = 60;

interface Attempt {
  readonly path: string;
  /** How long the connection may take to be made. */
  readonly dialSeconds: number;
  readonly signal: AbortSignal;
}

type Way = Pick<ApiServerOrder, 'master' | 'hosts' | 'pod' | 'tls' | 'overlay'>;

/** Asks the pod of the aggregated API. Rejects, as Go words it, if it cannot be reached in time. */
export async function askPod(way: Way, attempt: Attempt): Promise<IncomingMessage> {
  if (way.overlay === 'real') return connectAndAsk(way, attempt);

  const host = way.hosts.find(({ name }) => name === way.pod.node);
  if (host !== undefined && (await holdsWayTo(host))) {
    const response = await connectAndAsk(way, attempt);
    if (response.statusCode !== LOST_STATUS) return response;
    response.resume();
  }
  await sleep(attempt.dialSeconds * 1000, undefined, { signal: attempt.signal });
  throw dialTimeout(way);
}

function connectAndAsk(way: Way, { path, dialSeconds, signal }: Attempt): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest({
      host: way.pod.listens.host,
      port: way.pod.listens.port,
      path,
      ca: way.tls.certificate,
      servername: CERTIFICATE_NAME,
      agent: false,
      signal,
      headers: { [ASKED_BY_HEADER]: way.master },
      timeout: ANSWER_SECONDS * 1000,
    });
    const dialling = setTimeout(() => asked.destroy(dialTimeout(way)), dialSeconds * 1000);
    asked.once('timeout', () => asked.destroy(new Error('context deadline exceeded')));
    asked.once('socket', (socket) => {
      socket.once('connect', () => clearTimeout(dialling));
    });
    asked.once('response', resolve);
    asked.once('error', (cause) => {
      clearTimeout(dialling);
      reject(cause);
    });
    asked.end();
  });
}

function dialTimeout({ pod }: Way): Error {
  return new Error(`dial tcp ${pod.ip}:${pod.listens.port}: i/o timeout`);
}
