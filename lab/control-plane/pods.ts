import { SYSTEM_NAMESPACE, clusterBirth, digest, metadata } from './metadata.ts';
import type { ClusterHost, Pod } from './orders.ts';
import { AGE, NAME } from './table.ts';
import type { Column } from './table.ts';

type PodObject = ReturnType<typeof podObject>;

/** The service behind the aggregated API, and the pod behind the service. */
export const METRICS_SERVICE = 'custom-metrics-apiserver';

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
