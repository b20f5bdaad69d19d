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
