import {
  API_SERVICE_COLUMNS,
  apiServiceObjects,
  DAEMON_SET_COLUMNS,
  daemonSetObjects,
  NODE_COLUMNS,
  nodeObjects,
  POD_COLUMNS,
  podObjects,
} from './objects.ts';
import {
  acceptedAggregatedVersion,
  aggregatedDiscovery,
  CORE,
  coreVersions,
  groupList,
  groupNamed,
  groupVersionName,
  METRICS,
  METRICS_PATH,
  REGISTRATION,
  resourceList,
} from './discovery.ts';
import { type Answer, collectionAnswer, type Question } from './collection.ts';
import type { ServedCluster } from './serve.ts';
import type { MetricsState } from './aggregated-api.ts';

type Known = Pick<ServedCluster, 'discovery' | 'hosts' | 'pod' | 'startedAt' | 'imageBytes'>;

/** What an API server answers to a GET. */
export function answerTo(question: Question, known: Known, metrics: MetricsState): Answer {
  const { path } = question;
  if (path === METRICS_PATH || path.startsWith(`${METRICS_PATH}/`)) return { kind: 'proxied' };
  return (
    healthAnswer(path, known) ??
    aggregatedDiscoveryAnswer(question, known, metrics) ??
    discoveryAnswer(path) ??
    resourceAnswer(question, known, metrics) ?? { kind: 'not-found' }
  );
}

function healthAnswer(path: string, { discovery }: Known): Answer | undefined {
  const old = discovery === 'old';
  switch (path) {
    case '/version': {
      const [major, minor, patch] = old ? ['1', '14', '8'] : ['1', '30', '14'];
      return documentOf({ major, minor, gitVersion: `v${major}.${minor}.${patch}` });
    }
    case '/healthz':
      return { kind: 'text', text: 'ok' };
    case '/readyz':
      // There is none before Kubernetes 1.16.
      return old ? undefined : { kind: 'text', text: 'ok' };
    default:
      return undefined;
  }
}

function aggregatedDiscoveryAnswer(
  { path, accept }: Question,
  { discovery }: Known,
  { freshness }: MetricsState,
): Answer | undefined {
  const version = acceptedAggregatedVersion(accept);
  if (discovery === 'old' || version === undefined) return undefined;
  if (path !== '/api' && path !== '/apis') return undefined;
  return {
    kind: 'document',
    contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    document: aggregatedDiscovery(path, version, freshness),
  };
}

function discoveryAnswer(path: string): Answer | undefined {
  switch (path) {
    case '/api':
      return documentOf(coreVersions());
    case '/apis':
      return documentOf(groupList());
    case `/api/${groupVersionName(CORE)}`:
      return documentOf(resourceList(CORE));
    case `/apis/${groupVersionName(REGISTRATION)}`:
      return documentOf(resourceList(REGISTRATION));
    case `/apis/${METRICS.group}`:
    case `/apis/${REGISTRATION.group}`:
      return documentOf(groupNamed(path.slice('/apis/'.length)) ?? {});
    default:
      return undefined;
  }
}

function resourceAnswer(
  question: Question,
  { hosts, pod, startedAt, imageBytes = 0 }: Known,
  { availability }: MetricsState,
): Answer | undefined {
  return (
    collectionAnswer(question, {
      pattern: /^\/api\/v1\/nodes(?:\/(?<name>[^/]+))?$/,
      apiVersion: groupVersionName(CORE),
      kind: 'Node',
      columns: NODE_COLUMNS,
      objects: () => nodeObjects(hosts, startedAt, imageBytes),
    }) ??
    collectionAnswer(question, {
      pattern: /^\/api\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/pods(?:\/(?<name>[^/]+))?$/,
      apiVersion: groupVersionName(CORE),
      kind: 'Pod',
      columns: POD_COLUMNS,
      // Simulated hosts run no pods.
      objects: () => (pod.node === '' ? [] : podObjects(hosts, pod, startedAt)),
    }) ??
    collectionAnswer(question, {
      pattern: /^\/apis\/apps\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/daemonsets$/,
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      columns: DAEMON_SET_COLUMNS,
      objects: () => daemonSetObjects(startedAt),
    }) ??
    collectionAnswer(question, {
      pattern: /^\/apis\/apiregistration\.k8s\.io\/v1\/apiservices(?:\/(?<name>[^/]+))?$/,
      apiVersion: groupVersionName(REGISTRATION),
      kind: 'APIService',
      columns: API_SERVICE_COLUMNS,
      objects: () => apiServiceObjects(availability, startedAt),
    })
  );
}

function documentOf(document: object): Answer {
  return { kind: 'document', document };
}
