import { rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Session, single } from '../machines/modelled/commands.ts';
import { modelFileOf, readModel } from '../machines/modelled/store.ts';
import { CERTIFICATE_NAME } from './access.ts';
import { type Freshness, METRICS, METRICS_PATH } from './discovery.ts';
import type { Availability } from './objects.ts';
import type { ApiServerOrder, ClusterHost } from './orders.ts';

/** What this API server knows of the aggregated API. */
export interface MetricsState {
  readonly availability: Availability;
  readonly freshness: Freshness;
}

/** kube-aggregator kubernetes-1.14.8, pkg/controllers/status/available_controller.go: 5 s. */
const PROBE_SECONDS = 5;
const PAUSE_SECONDS = 10;

const CANCELLED =
  'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)';

/** A master that has not reached the API for so long, failed attempt and pause, has lost it. */
const REACHED_SECONDS = 2 * (PROBE_SECONDS + PAUSE_SECONDS);

/**
 * Tries the aggregated API again and again, as kube-aggregator's availability controller does, and
 * resolves after the first attempt.
 *
 * The Available condition is one object in etcd that all masters write. A master that fails sets
 * it to False, and one that succeeds sets it back within milliseconds. So the API counts as
 * available while any master reaches it, and the master that does not keeps trying and hangs:
 * that is why the seed's kubectl waited and was not refused at once. Discovery's freshness, on the
 * other hand, is each API server's own.
 */
export async function watchMetrics(order: ApiServerOrder): Promise<() => MetricsState> {
  const ownMark = markOf(order.master);
  let freshness = await probe();
  void (async () => {
    for (;;) {
      await sleep(PAUSE_SECONDS * 1000, undefined, { ref: false });
      freshness = await probe();
    }
  })();

  const masters = order.hosts.filter(({ master }) => master).map(({ name }) => name);
  return () => ({ freshness, availability: availability(masters.some(isReachedBy)) });

  async function probe(): Promise<Freshness> {
    const signal = AbortSignal.timeout(PROBE_SECONDS * 1000);
    try {
      const response = await askPod(order, {
        path: METRICS_PATH,
        dialSeconds: PROBE_SECONDS,
        signal,
      });
      response.resume();
      writeFileSync(ownMark, '');
      return 'Current';
    } catch (cause) {
      rmSync(ownMark, { force: true });
      process.stderr.write(logLine(cause, order.pod));
      return 'Stale';
    }
  }

  function markOf(master: string): string {
    return join(order.commonDirectory, `metrics-reached-by-${master}`);
  }

  function isReachedBy(master: string): boolean {
    const mark = statSync(markOf(master), { throwIfNoEntry: false });
    return mark !== undefined && Date.now() - mark.mtimeMs < REACHED_SECONDS * 1000;
  }
}

function availability(available: boolean): Availability {
  return available
    ? { available, reason: 'Passed', message: 'all checks passed' }
    : { available, reason: 'FailedDiscoveryCheck', message: 'no response from the service' };
}

/** As the seed's API server logged it. */
function logLine(cause: unknown, { listens }: ApiServerOrder['pod']): string {
  const [date = '', time = ''] = new Date().toISOString().split(/[TZ]/);
  const prefix = `E${date.slice(5).replace('-', '')} ${time}       1 available_controller.go:353]`;
  const why = cause instanceof Error && cause.name !== 'AbortError' ? cause.message : CANCELLED;
  const url = `https://${listens.host}:${listens.port}`;
  return `${prefix} ${METRICS.version}.${METRICS.group} failed with: Get ${url}: ${why}\n`;
}

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
  if (host !== undefined && holdsWayTo(host)) {
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

/**
 * Whether this host's tables would bring a packet to a peer. Where hosts are only modelled nothing
 * can be lost on the way, so both ends ask their own tables and keep silent where the kernel would.
 */
export function holdsWayTo(peer: ClusterHost): boolean {
  const model = readModel(modelFileOf(process.env['VTEPWATCH_ROOT'] ?? ''));
  const neighbours = look(single('ip', model, ['neigh', 'show', 'nud', 'all']));
  const fdb = look(single('bridge', model, ['fdb', 'show']));
  const routes = look(single('ip', model, ['-4', 'route', 'show']));
  const routed = (via: string): boolean =>
    routes.some((line) => line.startsWith(`${peer.podCidr} via ${via} `));

  // With DirectRouting the overlay is not used, and the other tables need not know the peer.
  if (routed(peer.underlayIp)) return true;
  const neighbour = neighbours.find((line) => line.startsWith(`${peer.tunnelIp} `));
  const forward = fdb.find((line) => line.startsWith(`${peer.vtepMac} `));
  return (
    routed(peer.tunnelIp) &&
    neighbour !== undefined &&
    neighbour.includes(` lladdr ${peer.vtepMac} `) &&
    forward !== undefined &&
    forward.includes(` dst ${peer.underlayIp} `)
  );
}

/** The table's lines, each with a space at its end, so that a last word is found like any other. */
function look({ stdout }: Session): readonly string[] {
  return stdout.split('\n').map((line) => `${line.trim()} `);
}
