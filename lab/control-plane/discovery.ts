/** The resources that the API servers know. */

interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly verbs: readonly string[];
}

export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly resources: readonly Resource[];
}

const READING = ['get', 'list'] as const;

export const CORE: GroupVersion = {
  group: '',
  version: 'v1',
  resources: [
    {
      name: 'nodes',
      singularName: 'node',
      kind: 'Node',
      namespaced: false,
      shortNames: ['no'],
      verbs: READING,
    },
    {
      name: 'pods',
      singularName: 'pod',
      kind: 'Pod',
      namespaced: true,
      shortNames: ['po'],
      verbs: READING,
    },
  ],
};

export const REGISTRATION: GroupVersion = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resources: [
    {
      name: 'apiservices',
      singularName: 'apiservice',
      kind: 'APIService',
      namespaced: false,
      shortNames: [],
      verbs: READING,
    },
  ],
};

/** The aggregated API, which a pod answers. */
export const METRICS: GroupVersion = {
  group: 'custom.metrics.k8s.io',
  version: 'v1beta1',
  resources: [
    {
      name: 'pods/http_requests',
      singularName: '',
      kind: 'MetricValueList',
      namespaced: true,
      shortNames: [],
      verbs: ['get'],
    },
  ],
};

export const METRICS_PATH = `/apis/${METRICS.group}/${METRICS.version}`;

export function groupVersionName({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`;
}

const GROUPS = [REGISTRATION, METRICS] as const;

/** Whether the API server could read a group's resources when it last tried. */
export type Freshness = 'Current' | 'Stale';

export function coreVersions(): object {
  return { kind: 'APIVersions', versions: [CORE.version], serverAddressByClientCIDRs: [] };
}

/** A group whose server is dead stays listed: so it is in kube-aggregator's handler_apis.go. */
export function groupList(): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) };
}

export function groupNamed(name: string): object | undefined {
  const found = GROUPS.find(({ group }) => group === name);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(found) };
}

export function resourceList(groupVersion: GroupVersion): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersionName(groupVersion),
    resources: groupVersion.resources,
  };
}

/** The same in one piece, as API servers answer by default since 1.27: of `/api` and of `/apis`. */
export function aggregatedDiscovery(
  path: '/api' | '/apis',
  version: AggregatedVersion,
  metrics: Freshness,
): object {
  const items =
    path === '/api'
      ? [aggregatedGroup(CORE, 'Current')]
      : [aggregatedGroup(REGISTRATION, 'Current'), aggregatedGroup(METRICS, metrics)];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  };
}

/** `v2beta1` from 1.26 on, `v2` since 1.30. */
type AggregatedVersion = 'v2' | 'v2beta1';

/** The version of the aggregated form that a request prefers, if it accepts that form at all. */
export function acceptedAggregatedVersion(accept: string): AggregatedVersion | undefined {
  const wanted = accept.split(',').find((form) => form.includes('as=APIGroupDiscoveryList'));
  if (wanted === undefined) return undefined;
  return /;v=v2(;|$)/.test(wanted) ? 'v2' : 'v2beta1';
}

function groupOf(served: GroupVersion): object {
  const version = { groupVersion: groupVersionName(served), version: served.version };
  return { name: served.group, versions: [version], preferredVersion: version };
}

function aggregatedGroup(served: GroupVersion, freshness: Freshness): object {
  const resources = served.resources.map((resource) => aggregatedResource(served, resource));
  return {
    metadata: { name: served.group },
    versions: [{ version: served.version, freshness, resources }],
  };
}

function aggregatedResource({ group, version }: GroupVersion, resource: Resource): object {
  return {
    resource: resource.name,
    responseKind: { group, version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singularName,
    shortNames: resource.shortNames,
    verbs: resource.verbs,
  };
}
