import {
  bucketChecksum,
  bucketOf,
  leafChecksum,
  leafOf,
  NODE_BUCKETS,
  NODE_LEAVES,
  WHOLE_LIST_NODES,
} from '../../../shared/contract/node-list.ts';
import type { Host } from '../machine.ts';
import { bootIdOf } from './hosts.ts';
import { record } from './records.ts';

/** What every master reports of the nodes: all of them are listed, and the list does not change. */
interface SimulatedNodeList {
  /** The records of an answer to `nodes`. */
  readonly checksums: readonly string[];
  /** What stands behind them, by the parameter `Wanted`: nodes, or of a long list its leaves. */
  partOf(wanted: string): readonly string[];
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
  const nodes = hosts.map((host) => ({ name: host.name, line: lineOf(host) }));
  const behind = partRecords(nodes, '');
  return {
    checksums: [
      checksumRecord(nodes, 1000),
      record('L', { request: '/api/v1/nodes', start: '1000.00', end: '1000.10', exit: 0 }),
      record('L', {
        request: '/apis/apps/v1/daemonsets',
        start: '1000.00',
        end: '1000.05',
        exit: 0,
      }),
      DAEMONSET,
    ],
    partOf: (wanted) => (wanted === '' ? behind : partRecords(nodes, wanted)),
  };
}

/** A node of a list, and its record. */
interface ListedNode {
  readonly name: string;
  readonly line: string;
}

export function checksumRecord(nodes: readonly ListedNode[], version: number): string {
  return record('checksums', {
    version,
    count: nodes.length,
    reader: 'awk',
    checksums: placed(nodes, NODE_BUCKETS, bucketOf).map(bucketChecksum).join(''),
  });
}

/** As the script answers `nodes-part`; where nothing is wanted, what stands behind an answer to `nodes`. */
export function partRecords(nodes: readonly ListedNode[], wanted: string): readonly string[] {
  if (wanted === '') {
    if (nodes.length <= WHOLE_LIST_NODES) return nodes.map(({ line }) => line);
    const leaves = placed(nodes, NODE_LEAVES, leafOf);
    return [record('leaves', { checksums: leaves.map(leafChecksum).join('') })];
  }
  const [numbers = '', count] = wanted.split('/');
  const isWanted = new Set(numbers.split(',').map(Number));
  const placeOf = Number(count) === NODE_LEAVES ? leafOf : bucketOf;
  return nodes.flatMap(({ name, line }) => (isWanted.has(placeOf(name)) ? [line] : []));
}

function placed(
  nodes: readonly ListedNode[],
  length: number,
  placeOf: (name: string) => number,
): readonly (readonly string[])[] {
  const places: string[][] = Array.from({ length }, () => []);
  for (const { name, line } of nodes) places[placeOf(name)]?.push(line);
  return places;
}

/** A node with flannel's annotations, if it has them; as old as the cluster. */
function lineOf(host: Host): string {
  const { name, underlayIp, publicIp, podCidr, vtepMac, master, zone, isAnnotated = true } = host;
  return record('node', {
    name,
    uid: bootIdOf(host, 0).replace(/^.{8}/, '0b1ec700'),
    created: '2026-01-01T00:00:00Z',
    machine: undefined,
    internalIps: underlayIp,
    podCidrs: podCidr,
    backend: isAnnotated ? 'vxlan' : undefined,
    mac: isAnnotated ? vtepMac : undefined,
    publicIp: isAnnotated ? (publicIp ?? underlayIp) : undefined,
    overwrite: undefined,
    mac6: undefined,
    publicIp6: undefined,
    overwrite6: undefined,
    calicoTunnelIp: undefined,
    calicoAddress: undefined,
    calicoTunnelIp6: undefined,
    calicoAddress6: undefined,
    role: master ? 'master' : undefined,
    zone,
    scheduling: undefined,
  });
}
