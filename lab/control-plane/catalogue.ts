/** The resources that the API servers know. */

export interface Resource {
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
