import { clusterBirth, metadata, timestamp } from './metadata.ts';
import type { ClusterHost } from './orders.ts';
import { AGE, NAME } from './table.ts';
import type { Column } from './table.ts';

type NodeObject = ReturnType<typeof nodeObject>;

/** Every node is Ready, as every one of the seed's was. `now` is in milliseconds since the epoch. */
export function nodeObjects(hosts: readonly ClusterHost[], now: number): readonly NodeObject[] {
  return hosts.map((host) => nodeObject(host, now));
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

function nodeObject(host: ClusterHost, now: number) {
  return {
    metadata: metadata(
      'node',
      {
        name: host.name,
        labels: { 'kubernetes.io/hostname': host.name, 'kubernetes.io/os': 'linux' },
        annotations: flannelAnnotations(host),
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
    },
  };
}

/** As flannel writes them since v0.13.1: flannel@cdf76059 pkg/subnet/kube/annotations.go. */
function flannelAnnotations(host: ClusterHost): Readonly<Record<string, string>> {
  return {
    'flannel.alpha.coreos.com/backend-data': JSON.stringify({ VNI: 1, VtepMAC: host.vtepMac }),
    'flannel.alpha.coreos.com/backend-type': 'vxlan',
    'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
    'flannel.alpha.coreos.com/public-ip': host.underlayIp,
  };
}
