import { limitsSchema } from '../../shared/contract/settings.ts';
import type { Table } from '../../shared/contract/causes.ts';
import type { Facts } from '../../shared/core/facts.ts';
import type { ClusterNode, Observation, Tables, Vtep } from '../../shared/core/overlay/vtep.ts';
import { type Addressed, nthNode } from './addressing.ts';
import { changed, type Damage, lost, weakened } from './damage.ts';

/** Which cells: every observer or subject where none is named. A node is never its own peer. */
interface Where {
  readonly observer?: string | readonly string[];
  readonly subject?: string | readonly string[];
}

export type Answer = Extract<Observation, { kind: 'tables' }>;

/** A cluster with perfect tables, and the damage done to it. Every step gives a new cluster. */
export interface Cluster {
  readonly nodes: readonly Addressed[];
  readonly names: readonly string[];
  /** The observers' entries for the subjects are gone. */
  lose(table: Table, where: Where): Cluster;
  /** They hold another value: another MAC, underlay IP or gateway. */
  change(table: Table, where: Where): Cluster;
  /** The right neighbour entry, but not PERMANENT. */
  weaken(where: Where): Cluster;
  /** The kernel asks for the MAC and has no answer. */
  ask(state: 'INCOMPLETE' | 'FAILED', where: Where): Cluster;
  /** These hosts did not show the table: it is neither there nor absent. */
  hide(table: keyof Tables, observers?: string | readonly string[]): Cluster;
  /** These hosts gave no usable answer. */
  silence(...nodes: readonly string[]): Cluster;
  /** The VXLAN device is gone, and all that was on it. */
  dropDevice(...nodes: readonly string[]): Cluster;
  /** The device got another MAC, which flushes the host's own neighbour entries. */
  drift(node: string): Cluster;
  /** The device and the annotation have another MAC than before, of which the peers never heard. */
  renew(node: string): Cluster;
  /** Changes one host's answer in any other way. */
  answer(node: string, edit: (answer: Answer) => Answer): Cluster;
  /** Kubernetes lists the nodes, with flannel's annotations. */
  listed(edit?: (node: ClusterNode) => ClusterNode): Cluster;
  vtepOf(node: string): Vtep;
  facts(changes?: Partial<Facts>): Facts;
}

/** 2026-11-23T09:00:00Z */
export const NOW = 1_795_424_400_000;

export const LIMITS = limitsSchema.parse({});

/** `cluster(6)`: the seed's nodes, all well; more nodes are node4, node5, … */
export function cluster(size: number): Cluster {
  const nodes = Array.from({ length: size }, (_, at) => nthNode(at));
  return clusterOf(
    nodes,
    nodes.map((node) => healthy(node, nodes)),
    undefined,
  );
}

function clusterOf(
  nodes: readonly Addressed[],
  observations: readonly Observation[],
  list: readonly ClusterNode[] | undefined,
): Cluster {
  const names = nodes.map(({ node }) => node);
  const edit = (chosen: ReadonlySet<string>, change: (answer: Answer) => Answer): Cluster =>
    clusterOf(
      nodes,
      observations.map((one) =>
        one.kind === 'tables' && chosen.has(one.host.node) ? change(one) : one,
      ),
      list,
    );
  const damage = (table: Table, where: Where, inflict: Damage): Cluster => {
    const subjects = nodes.filter(({ node }) => chosenBy(where.subject, names).has(node));
    return edit(chosenBy(where.observer, names), (answer) => ({
      ...answer,
      tables: inflict(
        answer.tables,
        table,
        subjects.filter(({ node }) => node !== answer.host.node),
      ),
    }));
  };
  return {
    nodes,
    names,
    lose: (table, where) => damage(table, where, lost),
    change: (table, where) => damage(table, where, changed),
    weaken: (where) => damage('neighbour', where, weakened('STALE')),
    ask: (state, where) => damage('neighbour', where, weakened(state)),
    hide: (table, observers) =>
      edit(chosenBy(observers, names), (answer) => ({
        ...answer,
        tables: { ...answer.tables, [table]: undefined },
      })),
    silence: (...silent) =>
      clusterOf(
        nodes,
        observations.map((one) =>
          one.kind === 'tables' && silent.includes(one.host.node)
            ? {
                kind: 'unknown',
                node: one.host.node,
                instanceId: one.host.instanceId ?? '',
                reason: 'no answer',
                error: 'timeout',
              }
            : one,
        ),
        list,
      ),
    dropDevice: (...dropped) =>
      edit(new Set(dropped), (answer) => ({
        ...answer,
        tables: { devices: [], neighbours: [], fdb: [], routes: [] },
      })),
    drift: (node) =>
      edit(new Set([node]), (answer) => withDeviceMac(answer, driftedMac(names, node))).lose(
        'neighbour',
        {
          observer: node,
        },
      ),
    renew: (node) =>
      clusterOf(
        nodes,
        observations.map((one) =>
          one.kind === 'tables' && one.host.node === node
            ? withDeviceMac(one, driftedMac(names, node))
            : one,
        ),
        list?.map((one) => (one.name === node ? annotatedWith(one, driftedMac(names, node)) : one)),
      ),
    answer: (node, change) => edit(new Set([node]), change),
    listed: (change = (node) => node) =>
      clusterOf(nodes, observations, nodes.map(listedNode).map(change)),
    vtepOf: (name) => {
      const found = nodes.find(({ node }) => node === name);
      if (found === undefined) throw new Error(`the cluster has no node ${name}`);
      return found;
    },
    facts: (changes = {}) => ({
      cluster: 'prod',
      now: NOW,
      limits: LIMITS,
      nodes:
        list === undefined
          ? { kind: 'not-configured' }
          : { kind: 'read', before: list, after: list },
      listedNames: [],
      daemonSets: [],
      observations,
      roster: [],
      problems: [],
      ...changes,
    }),
  };
}

/** The first node's is `b2:1f:9c:08:64:ee`; no two nodes have the same. */
function driftedMac(names: readonly string[], node: string): string {
  const at = (0x9c08 + names.indexOf(node)).toString(16);
  return `b2:1f:${at.slice(0, 2)}:${at.slice(2)}:64:ee`;
}

/** Long enough that no host is freshly booted. */
const UPTIME_SECONDS = 864_000;

function healthy(self: Addressed, nodes: readonly Addressed[]): Answer {
  const peers = nodes.filter(({ node }) => node !== self.node);
  const device = 'flannel.1';
  return {
    kind: 'tables',
    host: {
      node: self.node,
      instanceId: self.instanceId,
      bootId: `${self.node}-boot`,
      uptimeSeconds: UPTIME_SECONDS,
      install: 'canal',
    },
    tables: {
      devices: [
        {
          name: device,
          up: true,
          index: 3,
          mac: self.mac,
          mtu: 1450,
          vni: 1,
          port: 8472,
          local: self.underlayIp,
          addresses: [self.tunnelCidr],
        },
      ],
      neighbours: peers.map(({ tunnelIp, mac }) => ({
        device,
        ip: tunnelIp,
        mac,
        permanent: true,
        state: 'PERMANENT',
      })),
      fdb: peers.map(({ mac, underlayIp }) => ({ device, mac, destination: underlayIp })),
      routes: peers.map(({ podCidr, tunnelIp }) => ({
        device,
        destination: podCidr,
        gateway: tunnelIp,
      })),
    },
    verbatim: [],
    unread: [],
  };
}

function withDeviceMac(answer: Answer, mac: string): Answer {
  const devices = answer.tables.devices?.map((device) => ({ ...device, mac }));
  return { ...answer, tables: { ...answer.tables, devices } };
}

function listedNode({ node, underlayIp, podCidr, mac }: Addressed): ClusterNode {
  return {
    name: node,
    internalIps: [underlayIp],
    podCidrs: [podCidr],
    annotated: [{ family: 'ipv4', mac, publicIp: underlayIp }],
    createdAt: NOW - 100 * 86_400_000,
  };
}

function annotatedWith(node: ClusterNode, mac: string): ClusterNode {
  return { ...node, annotated: node.annotated.map((one) => ({ ...one, mac })) };
}

function chosenBy(
  named: string | readonly string[] | undefined,
  all: readonly string[],
): ReadonlySet<string> {
  if (named === undefined) return new Set(all);
  return new Set(typeof named === 'string' ? [named] : named);
}
