import {
  bucketChecksum,
  bucketOf,
  NODE_BUCKETS,
  WHOLE_LIST_NODES,
} from '../../../shared/contract/node-list.ts';
import type { Host } from '../machine.ts';
import { bootIdOf } from './hosts.ts';
import { record } from './records.ts';

/** What every master reports of the nodes: all of them are listed, and the list does not change. */
interface SimulatedNodeList {
  /** The records of an answer to `nodes`. */
  readonly checksums: readonly string[];
  /** Whether the answer has the whole list behind it. */
  readonly isShort: boolean;
  /** The nodes of these buckets; all where none is named. */
  linesOf(buckets: readonly number[]): readonly string[];
}

const DAEMONSET = record('daemonset', {
  namespace: 'kube-system',
  name: 'canal',
  strategy: 'RollingUpdate',
  maxUnavailable: 1,
});

const lists = new WeakMap<readonly Host[], SimulatedNodeList>();

export function nodeListOf(hosts: readonly Host[]): SimulatedNodeList {
  const known = lists.get(hosts) ?? createNodeList(hosts);
  lists.set(hosts, known);
  return known;
}

function createNodeList(hosts: readonly Host[]): SimulatedNodeList {
  const buckets: string[][] = Array.from({ length: NODE_BUCKETS }, () => []);
  for (const host of hosts) buckets[bucketOf(host.name)]?.push(lineOf(host));
  return {
    checksums: [
      record('checksums', {
        version: 1000,
        count: hosts.length,
        reader: 'awk',
        checksums: buckets.map(bucketChecksum).join(''),
      }),
      record('L', { request: '/api/v1/nodes', start: '1000.00', end: '1000.10', exit: 0 }),
      record('L', {
        request: '/apis/apps/v1/daemonsets',
        start: '1000.00',
        end: '1000.05',
        exit: 0,
      }),
      DAEMONSET,
    ],
    isShort: hosts.length <= WHOLE_LIST_NODES,
    linesOf: (wanted) =>
      buckets.filter((_, bucket) => wanted.length === 0 || wanted.includes(bucket)).flat(),
  };
}

/** A node with flannel's annotations, as old as the cluster. */
function lineOf(host: Host): string {
  const { name, underlayIp, podCidr, vtepMac, master } = host;
  return record('node', {
    name,
    uid: bootIdOf(host, 0).replace(/^.{8}/, '0b1ec700'),
    created: '2026-01-01T00:00:00Z',
    machine: undefined,
    internalIps: underlayIp,
    podCidrs: podCidr,
    backend: 'vxlan',
    mac: vtepMac,
    publicIp: underlayIp,
    overwrite: undefined,
    mac6: undefined,
    publicIp6: undefined,
    overwrite6: undefined,
    calicoTunnelIp: undefined,
    calicoAddress: undefined,
    calicoTunnelIp6: undefined,
    calicoAddress6: undefined,
    role: master ? 'master' : undefined,
    zone: undefined,
    scheduling: undefined,
  });
}
