import { record } from '../../lab/machines/simulated/records.ts';
import { bucketChecksum, bucketOf, NODE_BUCKETS } from '../../shared/contract/node-list.ts';
import type { NodeObject } from './cluster-api.ts';

/** What one API server has in its cache. */
export interface ListedNodes {
  readonly nodes: readonly NodeObject[];
  /** Grows with every change. */
  readonly version: number;
}

/** The records that both answers begin with: checksums by bucket, and how long the request took. */
export function checksumLines({ nodes, version }: ListedNodes): readonly string[] {
  const buckets = bucketsOf(nodes);
  return [
    record('checksums', {
      version,
      count: nodes.length,
      reader: 'awk',
      checksums: buckets.map(bucketChecksum).join(''),
    }),
    record('L', { request: '/api/v1/nodes', start: '1000.00', end: '1000.10', exit: 0 }),
  ];
}

export const DAEMONSET_LINES = [
  record('L', { request: '/apis/apps/v1/daemonsets', start: '1000.00', end: '1000.05', exit: 0 }),
  record('daemonset', {
    namespace: 'kube-system',
    name: 'canal',
    strategy: 'RollingUpdate',
    maxUnavailable: 1,
  }),
] as const;

/** `wanted`: numbers of buckets, separated by commas; every node where it is empty. */
export function nodeLines({ nodes }: ListedNodes, wanted: string): readonly string[] {
  const buckets = bucketsOf(nodes);
  const numbers = wanted === '' ? [...buckets.keys()] : wanted.split(',').map(Number);
  return numbers.flatMap((number) => buckets[number] ?? []);
}

function bucketsOf(nodes: readonly NodeObject[]): readonly (readonly string[])[] {
  const buckets: string[][] = Array.from({ length: NODE_BUCKETS }, () => []);
  for (const node of nodes) buckets[bucketOf(node.name)]?.push(lineOf(node));
  return buckets;
}

function lineOf(node: NodeObject): string {
  const { published } = node;
  return record('node', {
    name: node.name,
    uid: node.uid,
    created: new Date(node.createdAt).toISOString().replace(/\.\d+/, ''),
    machine: node.instanceId,
    internalIps: node.internalIp,
    podCidrs: node.podCidr,
    backend: published === undefined ? undefined : 'vxlan',
    mac: published?.mac,
    publicIp: published?.publicIp,
    overwrite: undefined,
    mac6: undefined,
    publicIp6: undefined,
    overwrite6: undefined,
    calicoTunnelIp: undefined,
    calicoAddress: undefined,
    calicoTunnelIp6: undefined,
    calicoAddress6: undefined,
    role: node.master ? 'master' : undefined,
    zone: undefined,
    scheduling: undefined,
  });
}
