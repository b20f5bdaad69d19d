import type { Lease } from './host.ts';

/** A node object of Kubernetes, as far as the overlay and its monitor read it. */
export interface NodeObject {
  readonly name: string;
  readonly uid: string;
  readonly instanceId: string;
  readonly internalIp: string;
  readonly podCidr: string;
  readonly master: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** What flannel wrote on it; undefined until flanneld has run there. */
  readonly published: Pick<Lease, 'mac' | 'publicIp'> | undefined;
}

type Nodes = ReadonlyMap<string, NodeObject>;

/** The nodes of the cluster as etcd has them, with their past: an API server's cache may be older. */
export class ClusterApi {
  /** The latest state first. */
  #states: readonly { readonly at: number; readonly nodes: Nodes }[] = [];

  now(): Nodes {
    return this.#states[0]?.nodes ?? new Map();
  }

  asOf(moment: number): Nodes {
    const known = this.#states.find(({ at }) => at <= moment) ?? this.#states.at(-1);
    return known?.nodes ?? new Map();
  }

  /** When it last changed before that moment, epoch milliseconds. */
  versionAsOf(moment: number): number {
    return this.#states.find(({ at }) => at <= moment)?.at ?? 0;
  }

  put(node: NodeObject, at: number): void {
    this.#states = [{ at, nodes: new Map([...this.now(), [node.name, node]]) }, ...this.#states];
  }

  delete(name: string, at: number): void {
    const nodes = new Map([...this.now()].filter(([known]) => known !== name));
    this.#states = [{ at, nodes }, ...this.#states];
  }
}

/** Undefined while the node has no annotations: flannel does not take part for it. */
export function leaseOf({ podCidr, published }: NodeObject): Lease | undefined {
  if (published === undefined) return undefined;
  return { podCidr, tunnelIp: podCidr.replace(/\/.*$/, ''), ...published };
}

/** As the API returns it. Flannel's annotations: flannel pkg/subnet/kube/annotations.go. */
export function nodeJson(node: NodeObject): object {
  const { published } = node;
  return {
    metadata: {
      name: node.name,
      uid: node.uid,
      creationTimestamp: new Date(node.createdAt).toISOString(),
      labels: node.master ? { 'node-role.kubernetes.io/control-plane': '' } : {},
      annotations:
        published === undefined
          ? {}
          : {
              'flannel.alpha.coreos.com/backend-data': JSON.stringify({
                VNI: 1,
                VtepMAC: published.mac,
              }),
              'flannel.alpha.coreos.com/backend-type': 'vxlan',
              'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
              'flannel.alpha.coreos.com/public-ip': published.publicIp,
            },
    },
    spec: { podCIDR: node.podCidr, providerID: `aws:///eu-west-1a/${node.instanceId}` },
    status: { addresses: [{ type: 'InternalIP', address: node.internalIp }] },
  };
}
