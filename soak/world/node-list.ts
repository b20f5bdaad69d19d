import { checksumRecord, partRecords } from '../../lab/machines/simulated/node-list.ts';
import { record } from '../../lab/machines/simulated/records.ts';
import type { NodeObject } from './cluster-api.ts';

/** What one API server has in its cache. */
export interface ListedNodes {
  readonly nodes: readonly NodeObject[];
  /** Grows with every change. */
  readonly version: number;
}

/** The records that both answers begin with: checksums by bucket, and how long the request took. */
export function checksumLines(listed: ListedNodes): readonly string[] {
  return [
    checksumRecord(linesOf(listed), listed.version),
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

/** What an answer to `nodes-part` has besides, by the parameter `Wanted`. */
export function nodeLines(listed: ListedNodes, wanted: string): readonly string[] {
  return partRecords(linesOf(listed), wanted);
}

function linesOf({ nodes }: ListedNodes): readonly { name: string; line: string }[] {
  return nodes.map((node) => ({ name: node.name, line: lineOf(node) }));
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
