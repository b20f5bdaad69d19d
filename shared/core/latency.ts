import { groupBy } from './group.ts';

/** What a master was asked, or several requests of one command of which nothing has come. */
export type LatencyRequest =
  | { readonly kind: 'get-nodes' | 'readyz' }
  /** An aggregated API, by the path that was asked: `/apis/metrics.k8s.io/v1beta1`. */
  | { readonly kind: 'api'; readonly path: string }
  /** The one or the other, where nothing has come of the command that asks for both. */
  | { readonly kind: 'get-nodes-and-readyz' }
  /** All of them, where nothing has come of the command that asks for them. */
  | { readonly kind: 'aggregated-apis' };

/** How long a master's own API server took. */
export interface Latency {
  readonly node: string;
  readonly request: LatencyRequest;
  readonly outcome: 'answered' | 'failed' | 'no-answer';
  /** How long it took; with `no-answer`, how long nothing had come when the run looked. */
  readonly seconds: number;
  /** Epoch milliseconds; there where an earlier run asked, and had ended before an answer came. */
  readonly askedAt?: number;
  /** First lines of standard error. */
  readonly detail: string;
}

/** What a request is called in reports and pages: the command that everybody types, or the path. */
export function requestText(request: LatencyRequest): string {
  switch (request.kind) {
    case 'get-nodes':
      return 'kubectl get nodes';
    case 'readyz':
      return '/readyz';
    case 'api':
      return request.path;
    case 'get-nodes-and-readyz':
      return 'kubectl get nodes and /readyz';
    case 'aggregated-apis':
      return 'the aggregated APIs';
  }
}

/** API groups that clusters commonly aggregate. A master may claim any other name. */
const KNOWN_GROUPS: ReadonlySet<string> = new Set([
  'metrics.k8s.io',
  'custom.metrics.k8s.io',
  'external.metrics.k8s.io',
  'projectcalico.org',
]);

/** The same on a page, which has no words of a master's own: an API group that nobody knows is not named. */
export function pagedRequestText(request: LatencyRequest): string {
  if (request.kind !== 'api') return requestText(request);
  const [, group = ''] =
    /^\/apis\/([^/]+)\/v\d{1,3}(?:(?:alpha|beta)\d{1,3})?$/.exec(request.path) ?? [];
  return KNOWN_GROUPS.has(group) ? request.path : 'an aggregated API';
}

/** How long `kubectl get nodes` took last, in seconds, and what it usually takes. */
export interface ResponseTime {
  readonly seconds: number;
  /** It had not answered when this time was over. */
  readonly isUnanswered?: true;
  readonly usualSeconds?: number;
}

/** What one command measured of a master's own API server: `kubectl get nodes`, and `/readyz` beside it. */
export interface ApiMeasurement {
  /** `down`: both failed, and nothing shows that an API server answered. `failed`: only the first did. */
  readonly kind: 'answered' | 'failed' | 'down' | 'no-answer';
  /** How long `kubectl get nodes` took; with `no-answer`, how long nothing had come. */
  readonly seconds: number;
  /** How long `/readyz` took, where it answered. */
  readonly readyzSeconds?: number | undefined;
}

/** What is remembered of a master's API server from run to run. */
export interface RememberedApi {
  readonly node: string;
  /** Its last answers that were not slow, in seconds, the oldest first: what is usual. */
  readonly usual: readonly number[];
  /** So many measurements running, up to two, were slow or got no answer; and so many got none. */
  readonly slow: number;
  readonly unreachable: number;
  /** Whether its host answered the last run. */
  readonly isHeard: boolean;
  /** Whether the last run had another explanation: its measurement does not count. */
  readonly isExplained: boolean;
  /** What the last run measured, where that came after its decision. */
  readonly late?: ApiMeasurement | undefined;
}

/** What was measured of each master's API server, by this run or by an earlier one. */
export function measurementsIn(
  latencies: readonly Latency[],
  askedBy: 'this-run' | 'earlier-run',
): ReadonlyMap<string, ApiMeasurement> {
  const own = latencies.filter(
    ({ askedAt }) => (askedAt === undefined) === (askedBy === 'this-run'),
  );
  return new Map(
    [...groupBy(own, ({ node }) => node)].flatMap(([node, some]) => {
      const measured = measurementOf(some);
      return measured === undefined ? [] : [[node, measured] as const];
    }),
  );
}

function measurementOf(latencies: readonly Latency[]): ApiMeasurement | undefined {
  const of = (kind: LatencyRequest['kind']): Latency | undefined =>
    latencies.find(({ request }) => request.kind === kind);
  const [nodes, readyz, silent] = [of('get-nodes'), of('readyz'), of('get-nodes-and-readyz')];
  if (nodes === undefined) {
    return silent === undefined ? undefined : { kind: 'no-answer', seconds: silent.seconds };
  }
  const { outcome, seconds } = nodes;
  const readyzSeconds = readyz?.outcome === 'answered' ? readyz.seconds : undefined;
  if (outcome !== 'failed') return { kind: outcome, seconds, readyzSeconds };
  const isDown = readyz?.outcome === 'failed' && ![nodes, readyz].some(hasAnswerer);
  return { kind: isDown ? 'down' : 'failed', seconds, readyzSeconds };
}

function hasAnswerer({ detail }: Latency): boolean {
  return COMPLAINTS.some(({ phrase, shows }) => shows === 'a-server' && detail.includes(phrase));
}

/**
 * What kubectl, its Go libraries and API servers say when a request fails: all that is kept of a complaint.
 * `a-server`: an API server did answer, or kubectl itself could not ask; nothing is known of one that is down.
 */
export const COMPLAINTS: readonly {
  readonly phrase: string;
  readonly shows: 'a-server' | 'nothing';
}[] = [
  { phrase: 'Unable to connect to the server', shows: 'nothing' },
  { phrase: 'ServiceUnavailable', shows: 'nothing' },
  { phrase: 'the server is currently unable to handle the request', shows: 'nothing' },
  { phrase: 'InternalError', shows: 'nothing' },
  { phrase: 'an error on the server', shows: 'nothing' },
  { phrase: 'the server was unable to return a response in the time allotted', shows: 'nothing' },
  { phrase: 'Forbidden', shows: 'a-server' },
  { phrase: 'Unauthorized', shows: 'a-server' },
  { phrase: 'You must be logged in to the server', shows: 'a-server' },
  { phrase: 'NotFound', shows: 'a-server' },
  { phrase: 'the server could not find the requested resource', shows: 'a-server' },
  { phrase: 'the server has received too many requests', shows: 'a-server' },
  { phrase: 'TooManyRequests', shows: 'a-server' },
  { phrase: 'etcdserver: request timed out', shows: 'nothing' },
  { phrase: 'etcdserver: leader changed', shows: 'nothing' },
  { phrase: 'etcdserver: no leader', shows: 'nothing' },
  { phrase: 'i/o timeout', shows: 'nothing' },
  { phrase: 'TLS handshake timeout', shows: 'nothing' },
  { phrase: 'context deadline exceeded', shows: 'nothing' },
  { phrase: 'Client.Timeout exceeded', shows: 'nothing' },
  { phrase: 'request canceled', shows: 'nothing' },
  { phrase: 'connection refused', shows: 'nothing' },
  { phrase: 'connection reset by peer', shows: 'nothing' },
  { phrase: 'no route to host', shows: 'nothing' },
  { phrase: 'network is unreachable', shows: 'nothing' },
  { phrase: 'no such host', shows: 'nothing' },
  { phrase: 'unexpected EOF', shows: 'nothing' },
  { phrase: 'certificate has expired', shows: 'nothing' },
  { phrase: 'certificate signed by unknown authority', shows: 'a-server' },
  { phrase: 'certificate is valid for', shows: 'a-server' },
  { phrase: 'permission denied', shows: 'a-server' },
  { phrase: 'no such file or directory', shows: 'a-server' },
  { phrase: 'it could not be asked', shows: 'a-server' },
];
