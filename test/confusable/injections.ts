import { CAUSES, type Cause, type Table } from '../../shared/contract/causes.ts';
import type { Cidr } from '../../shared/core/overlay/addresses.ts';
import type { Anomaly, ClusterNode, Device, Tables, Vtep } from '../../shared/core/overlay/vtep.ts';
import { cidr, ip } from '../support/addressing.ts';
import { type Cluster, NOW } from '../support/cluster.ts';

/** A fault of one node, as it is done to hosts and to node objects, so that several can be done to one cluster. */
export interface Injection {
  readonly damage: (seen: Cluster, on: Target) => Cluster;
  /** What the node's object says then. */
  readonly listedAs?: (node: ClusterNode, on: Target) => ClusterNode;
}

/** The node at fault, and one that has nothing to do with it but may be claimed from or cut off. */
export interface Target {
  readonly node: Vtep;
  readonly other: Vtep;
}

const RENEWED = 'b2:1f:9c:08';

/** A MAC address that no node had before, and no other node has. */
function newMac({ mac = '' }: Vtep): string {
  return `${RENEWED}:${mac.slice(-5)}`;
}

function editTables(seen: Cluster, node: string, edit: (tables: Tables) => Tables): Cluster {
  return seen.answer(node, (answer) => ({ ...answer, tables: edit(answer.tables) }));
}

function onDevice(seen: Cluster, node: string, changes: Partial<Device>): Cluster {
  return editTables(seen, node, (tables) => ({
    ...tables,
    devices: tables.devices?.map((own) => ({ ...own, ...changes })),
  }));
}

function onPeers(seen: Cluster, node: string, edit: (tables: Tables) => Tables): Cluster {
  return seen.names
    .filter((name) => name !== node)
    .reduce((sofar, name) => editTables(sofar, name, edit), seen);
}

function without(seen: Cluster, tables: readonly Table[], where: Where): Cluster {
  return tables.reduce((sofar, table) => sofar.lose(table, where), seen);
}

type Where = Parameters<Cluster['lose']>[1];

function lostBy(...tables: readonly Table[]): Injection {
  return { damage: (seen, { node }) => without(seen, tables, { subject: node.node }) };
}

function lostOn(...tables: readonly Table[]): Injection {
  return { damage: (seen, { node }) => without(seen, tables, { observer: node.node }) };
}

function deviceWith(changes: Partial<Device>): Injection {
  return { damage: (seen, { node }) => onDevice(seen, node.node, changes) };
}

function withAnomaly(seen: Cluster, node: string, anomaly: Anomaly): Cluster {
  return editTables(seen, node, (tables) => ({
    ...tables,
    anomalies: [...(tables.anomalies ?? []), anomaly],
  }));
}

function annotatedWith(node: ClusterNode, change: Partial<ClusterNode['annotated'][number]>) {
  return { ...node, annotated: node.annotated.map((one) => ({ ...one, ...change })) };
}

const YOUNG = { createdAt: NOW - 7_200_000 } as const;

/** Each cause that is of one node, once. */
export const INJECTIONS = {
  'device-missing': {
    damage: (seen, { node }) => seen.dropDevice(node.node),
  },
  'device-down': {
    damage: (seen, { node }) =>
      onDevice(without(seen, ['neighbour', 'route'], { observer: node.node }), node.node, {
        up: false,
      }),
  },
  'duplicate-pod-cidr': {
    damage: (seen, { node, other }) =>
      onDevice(seen, node.node, { addresses: [cidr(`${other.tunnelIp}/32`)] }),
    listedAs: (one, { other }) => ({ ...one, ...YOUNG, podCidrs: cidrsOf(other) }),
  },
  'duplicate-mac': {
    damage: (seen, { node, other }) =>
      without(onDevice(seen, node.node, { mac: other.mac }), ['neighbour'], {
        observer: node.node,
      }),
  },
  'duplicate-underlay': {
    damage: (seen, { node, other }) =>
      onPeers(seen, node.node, (tables) => ({
        ...tables,
        fdb: tables.fdb?.map((one) =>
          one.mac === node.mac && other.underlayIp !== undefined
            ? { ...one, destination: other.underlayIp }
            : one,
        ),
      })),
    listedAs: (one, { other }) => annotatedWith(one, { publicIp: other.underlayIp }),
  },
  'tunnel-ip-drift': deviceWith({ addresses: [cidr('10.68.200.0/32')] }),
  'vxlan-mismatch': deviceWith({ port: 4789 }),
  overlap: {
    damage: (seen, { node, other }) =>
      withAnomaly(seen.lose('route', { observer: node.node, subject: other.node }), node.node, {
        what: 'network',
        device: 'eth1',
        range: other.podCidr,
      }),
  },
  'mac-drift': {
    damage: (seen, { node }) =>
      without(onDevice(seen, node.node, { mac: newMac(node) }), ['neighbour'], {
        observer: node.node,
      }),
  },
  'tables-empty': lostOn('neighbour', 'fdb', 'route'),
  'neighbours-and-routes-lost': lostOn('neighbour', 'route'),
  'neighbours-flushed': lostOn('neighbour'),
  'stale-mac': {
    damage: (seen, { node }) => onDevice(seen, node.node, { mac: newMac(node) }),
    listedAs: (one, { node }) => annotatedWith(one, { mac: newMac(node) }),
  },
  'underlay-moved': {
    damage: (seen, { node }) =>
      onPeers(seen, node.node, (tables) => ({
        ...tables,
        fdb: tables.fdb?.map((one) =>
          one.mac === node.mac ? { ...one, destination: ip('192.168.1.240') } : one,
        ),
      })),
  },
  'never-programmed': lostBy('neighbour', 'fdb', 'route'),
  'entries-missing': lostBy('neighbour', 'fdb'),
  'neighbour-missing': lostBy('neighbour'),
  'fdb-missing': lostBy('fdb'),
  'route-missing': lostBy('route'),
  'neighbour-not-permanent': {
    damage: (seen, { node }) => seen.weaken({ subject: node.node }),
  },
  'ghost-entry': {
    damage: (seen, { node, other }) =>
      withAnomaly(seen, node.node, { what: 'blackhole', range: other.podCidr }),
  },
  'bridge-mismatch': {
    damage: (seen, { node }) =>
      editTables(seen, node.node, (tables) => ({
        ...tables,
        bridges: [{ device: 'cni0', address: cidr('10.99.4.1/24') }],
      })),
  },
  'annotation-missing': {
    damage: (seen) => seen,
    listedAs: (one) => ({ ...one, annotated: [] }),
  },
  'mtu-mismatch': deviceWith({ mtu: 1400 }),
} as const satisfies Readonly<Partial<Record<Cause, Injection>>>;

export type Injected = keyof typeof INJECTIONS;

/** The causes that are injected, in the order of their table. */
export const INJECTED: readonly Injected[] = CAUSES.filter(isInjected);

function isInjected(cause: Cause): cause is Injected {
  return Object.hasOwn(INJECTIONS, cause);
}

function cidrsOf({ podCidr }: Vtep): readonly Cidr[] {
  return podCidr === undefined ? [] : [podCidr];
}
