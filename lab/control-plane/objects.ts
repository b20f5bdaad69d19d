import { createHash } from 'node:crypto';
import { AGE, type Column, NAME } from './collection.ts';
import { CORE, type GroupVersion, METRICS, REGISTRATION } from './discovery.ts';
import type { ClusterHost, Pod } from './orders.ts';

/** What every Kubernetes object says of itself. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const SYSTEM_NAMESPACE = 'kube-system';

/** The age of the seed's cluster. */
const AGE_DAYS = 100;

/** Metadata as old as the cluster. `now` is in milliseconds since the epoch. */
function metadata(
  kind: string,
  own: Pick<Metadata, 'name' | 'namespace' | 'labels' | 'annotations'>,
  now: number,
): Metadata {
  return {
    ...own,
    uid: digest(`${kind}/${own.name}`).replace(
      /^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/,
      '$1-$2-$3-$4-$5',
    ),
    resourceVersion: '1',
    creationTimestamp: clusterBirth(now),
  };
}

function clusterBirth(now: number): string {
  return timestamp(now - AGE_DAYS * 24 * 60 * 60 * 1000);
}

/** As Kubernetes writes times: without fractions of a second. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Hexadecimal digits that tell one name from another. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type NodeObject = ReturnType<typeof nodeObject>;

const nodesOf = new WeakMap<readonly ClusterHost[], readonly NodeObject[]>();

/** Every node is Ready, as every one of the seed's was. `now` is in milliseconds since the epoch. What
 * was made of a list of hosts is remembered: a large one is asked for page by page. */
export function nodeObjects(
  hosts: readonly ClusterHost[],
  now: number,
  imageBytes = 0,
): readonly NodeObject[] {
  const objects = nodesOf.get(hosts) ?? hosts.map((host) => nodeObject(host, now, imageBytes));
  nodesOf.set(hosts, objects);
  return objects;
}

export const NODE_COLUMNS: readonly Column<NodeObject>[] = [
  NAME,
  {
    name: 'Status',
    cell: ({ status }) =>
      status.conditions.some(
        (condition) => condition.type === 'Ready' && condition.status === 'True',
      )
        ? 'Ready'
        : 'NotReady',
  },
  // The seed's nodes have no role label, and this is how kubectl showed it.
  { name: 'Roles', cell: () => '<none>' },
  AGE,
  { name: 'Version', cell: ({ status }) => status.nodeInfo.kubeletVersion },
  { name: 'Internal-IP', wide: true, cell: ({ status }) => status.addresses[0]?.address ?? '' },
  { name: 'OS-Image', wide: true, cell: ({ status }) => status.nodeInfo.osImage },
];

function nodeObject(host: ClusterHost, now: number, imageBytes: number) {
  return {
    metadata: metadata(
      'node',
      {
        name: host.name,
        labels: {
          'kubernetes.io/hostname': host.name,
          'kubernetes.io/os': 'linux',
          ...(host.zone === undefined ? {} : { 'topology.kubernetes.io/zone': host.zone }),
        },
        annotations: host.isAnnotated === false ? {} : flannelAnnotations(host),
      },
      now,
    ),
    spec: { podCIDR: host.podCidr },
    status: {
      addresses: [
        { type: 'InternalIP', address: host.underlayIp },
        { type: 'Hostname', address: host.name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastHeartbeatTime: timestamp(now),
          lastTransitionTime: clusterBirth(now),
        },
      ],
      nodeInfo: {
        architecture: 'amd64',
        containerRuntimeVersion: 'docker://18.9.9',
        kernelVersion: '3.10.0-1062.el7.x86_64',
        kubeletVersion: 'v1.14.8',
        kubeProxyVersion: 'v1.14.8',
        operatingSystem: 'linux',
        osImage: 'CentOS Linux 7 (Core)',
      },
      images: imageBytes === 0 ? [] : [{ names: ['x'.repeat(imageBytes)], sizeBytes: 1 }],
    },
  };
}

/** As flannel writes them since v0.13.1: flannel@cdf76059 pkg/subnet/kube/annotations.go. */
function flannelAnnotations(host: ClusterHost): Readonly<Record<string, string>> {
  return {
    'flannel.alpha.coreos.com/backend-data': JSON.stringify({ VNI: 1, VtepMAC: host.vtepMac }),
    'flannel.alpha.coreos.com/backend-type': 'vxlan',
    'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
    'flannel.alpha.coreos.com/public-ip': host.publicIp ?? host.underlayIp,
  };
}

type PodObject = ReturnType<typeof podObject>;

/** The service behind the aggregated API, and the pod behind the service. */
const METRICS_SERVICE = 'custom-metrics-apiserver';

/** A canal pod on every node, in its network, and the pod that answers the aggregated API. `now`
 * is in milliseconds since the epoch. */
export function podObjects(
  hosts: readonly ClusterHost[],
  pod: Pod,
  now: number,
): readonly PodObject[] {
  const canal = hosts.map((host) =>
    podObject(
      { app: 'canal', node: host.name, ip: host.underlayIp },
      { labels: { 'k8s-app': 'canal' }, containers: ['calico-node', 'kube-flannel'], now },
    ),
  );
  const metrics = podObject(
    { app: METRICS_SERVICE, node: pod.node, ip: pod.ip },
    { labels: { app: METRICS_SERVICE }, containers: [METRICS_SERVICE], now },
  );
  return [...canal, metrics];
}

export const POD_COLUMNS: readonly Column<PodObject>[] = [
  NAME,
  {
    name: 'Ready',
    cell: ({ spec }) => `${spec.containers.length}/${spec.containers.length}`,
  },
  { name: 'Status', cell: ({ status }) => status.phase },
  { name: 'Restarts', cell: () => '0' },
  AGE,
  { name: 'IP', wide: true, cell: ({ status }) => status.podIP },
  { name: 'Node', wide: true, cell: ({ spec }) => spec.nodeName },
];

interface Place {
  readonly app: string;
  readonly node: string;
  readonly ip: string;
}

interface Details {
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly string[];
  readonly now: number;
}

function podObject({ app, node, ip }: Place, { labels, containers, now }: Details) {
  // As a DaemonSet's pods are called: by five letters that tell them apart.
  const name = `${app}-${digest(`${app}/${node}`).slice(0, 5)}`;
  return {
    metadata: metadata('pod', { name, namespace: SYSTEM_NAMESPACE, labels }, now),
    spec: {
      nodeName: node,
      hostNetwork: app === 'canal',
      containers: containers.map((container) => ({ name: container, image: `${container}:lab` })),
    },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: containers.map((container) => ({
        name: container,
        ready: true,
        restartCount: 0,
        image: `${container}:lab`,
        imageID: '',
        state: { running: { startedAt: clusterBirth(now) } },
      })),
    },
  };
}

/** What the API servers made of their last attempts to reach the service of an aggregated API. */
export interface Availability {
  readonly available: boolean;
  readonly reason: string;
  readonly message: string;
}

interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

type ApiServiceObject = ReturnType<typeof apiService>;

const LOCAL: Availability = {
  available: true,
  reason: 'Local',
  message: 'Local APIServices are always available',
};

const METRICS_REFERENCE: ServiceReference = {
  namespace: SYSTEM_NAMESPACE,
  name: METRICS_SERVICE,
  port: 443,
};

/** One object for each group version. `now` is in milliseconds since the epoch. */
export function apiServiceObjects(metrics: Availability, now: number): readonly ApiServiceObject[] {
  return [
    apiService(CORE, { now, availability: LOCAL }),
    apiService(REGISTRATION, { now, availability: LOCAL }),
    apiService(METRICS, { now, availability: metrics, service: METRICS_REFERENCE }),
  ];
}

export const API_SERVICE_COLUMNS: readonly Column<ApiServiceObject>[] = [
  NAME,
  {
    name: 'Service',
    cell: ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : 'Local'),
  },
  {
    name: 'Available',
    cell: ({ status }) =>
      status.conditions
        .map((condition) =>
          condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason})`,
        )
        .join(),
  },
  AGE,
];

interface Registration {
  readonly now: number;
  readonly availability: Availability;
  readonly service?: ServiceReference;
}

function apiService(
  { group, version }: GroupVersion,
  { now, availability, service }: Registration,
) {
  return {
    metadata: metadata('apiservice', { name: `${version}.${group}` }, now),
    spec: {
      // The JSON of a local API has `"service":null` until Kubernetes 1.17, and since then none.
      service: service ?? null,
      group,
      version,
      ...(service && { insecureSkipTLSVerify: true }),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
    status: {
      conditions: [
        {
          type: 'Available',
          status: availability.available ? 'True' : 'False',
          lastTransitionTime: clusterBirth(now),
          reason: availability.reason,
          message: availability.message,
        },
      ],
    },
  };
}

interface DaemonSetObject {
  readonly metadata: Metadata;
  readonly spec: object;
}

export const DAEMON_SET_COLUMNS: readonly Column<DaemonSetObject>[] = [NAME];

/** The one that runs canal's pods, as its manifest has it. `now` is in milliseconds since the epoch. */
export function daemonSetObjects(now: number): readonly DaemonSetObject[] {
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } };
  return [
    {
      metadata: metadata('daemonset', { name: 'canal', namespace: SYSTEM_NAMESPACE }, now),
      spec: { updateStrategy },
    },
  ];
}
