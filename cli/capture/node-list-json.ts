import type { DaemonSet } from '../../shared/core/overlay/restart.ts';
import type { AnnotatedVtep, ClusterNode } from '../../shared/core/overlay/vtep.ts';
import { formatTime } from '../../shared/core/time.ts';

/** Nodes as `kubectl get nodes -o json` has them, with the fields alone that a verdict depends on. */
export function nodesJson(nodes: readonly ClusterNode[]): string {
  return json({ apiVersion: 'v1', kind: 'NodeList', items: nodes.map(nodeObject) });
}

/** DaemonSets of a CNI as `kubectl get daemonsets -A -o json` has them, in the same way. */
export function daemonSetsJson(daemonSets: readonly DaemonSet[]): string {
  const items = daemonSets.map(({ namespace, name, strategy, maxUnavailable }) => ({
    metadata: { namespace, name },
    spec: { updateStrategy: { type: strategy, rollingUpdate: { maxUnavailable } } },
  }));
  return json({ apiVersion: 'apps/v1', kind: 'DaemonSetList', items });
}

function nodeObject(node: ClusterNode): object {
  const { createdAt, instanceId, podCidrs } = node;
  return {
    metadata: {
      name: node.name,
      uid: node.uid,
      creationTimestamp: createdAt === undefined ? undefined : formatTime(createdAt),
      labels: {
        ...(node.isControlPlane === true ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
        ...(node.zone === undefined ? {} : { 'topology.kubernetes.io/zone': node.zone }),
      },
      annotations: annotationsOf(node),
    },
    spec: {
      podCIDR: podCidrs[0],
      podCIDRs: podCidrs,
      providerID: instanceId === undefined ? undefined : `aws:///-/${instanceId}`,
      unschedulable: node.isUnschedulable === true ? true : undefined,
    },
    status: {
      addresses: node.internalIps.map((address) => ({ type: 'InternalIP', address })),
    },
  };
}

function annotationsOf({ backend, annotated, calico = [] }: ClusterNode): object {
  const flannel = 'flannel.alpha.coreos.com/';
  return Object.fromEntries(
    [
      [`${flannel}backend-type`, backend],
      ...annotated.flatMap((one) => {
        const [v6, ip] = one.family === 'ipv4' ? ['', 'public-ip'] : ['-v6', 'public-ipv6'];
        return [
          [`${flannel}backend${v6}-data`, backendData(one)],
          [`${flannel}${ip}`, one.publicIp],
          [`${flannel}${ip}-overwrite`, one.overwrite],
        ];
      }),
      ...calico.flatMap(({ family, tunnelIp, address }) => {
        const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
        return [
          [`projectcalico.org/${name}VXLANTunnelAddr`, tunnelIp],
          [`projectcalico.org/${name}Address`, address],
        ];
      }),
    ].filter(([, value]) => value !== undefined),
  );
}

function backendData({ mac }: AnnotatedVtep): string | undefined {
  return mac === undefined ? undefined : JSON.stringify({ VtepMAC: mac });
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
