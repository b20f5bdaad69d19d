import type { ControlPlane } from './control-plane.ts';
import type { RealHost } from './host.ts';

/** The annotation that every kubelet sets. flanneld ends where a node has none at all. */
const KUBELETS_ANNOTATION = 'volumes.kubernetes.io/controller-managed-attach-detach';

/** Makes a node object as a kubelet does when it registers itself. */
export async function register(
  { kubectl }: ControlPlane,
  host: RealHost,
  families: Families,
): Promise<void> {
  await kubectl('create -f -', JSON.stringify(nodeOf(host, families)));
  const status = JSON.stringify({ status: statusOf(host, families) });
  await kubectl(`patch node ${host.name} --subresource=status --type=merge -p '${status}'`);
}

export type Families = 'ipv4' | 'dual';

function nodeOf({ name, instanceId, master, podCidr, podCidr6 }: RealHost, families: Families) {
  const podCidrs = families === 'dual' ? [podCidr, podCidr6] : [podCidr];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { [KUBELETS_ANNOTATION]: 'true' },
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...(master ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
      },
    },
    spec: {
      podCIDR: podCidr,
      podCIDRs: podCidrs,
      providerID: `aws:///eu-central-1a/${instanceId}`,
    },
  };
}

function statusOf({ name, underlayIp, underlayIp6 }: RealHost, families: Families) {
  return {
    addresses: [
      { type: 'InternalIP', address: underlayIp },
      ...(families === 'dual' ? [{ type: 'InternalIP', address: underlayIp6 }] : []),
      { type: 'Hostname', address: name },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: new Date().toISOString(),
        lastTransitionTime: new Date().toISOString(),
      },
    ],
  };
}
