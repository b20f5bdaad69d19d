import type { Entry } from '../../lab/machines/flannel.ts';
import type { Table } from '../../shared/contract/causes.ts';
import type { Damage, Observers, PacketLoss } from '../story.ts';
import type { Host, Lease } from './host.ts';
import { leaseOf } from './cluster-api.ts';
import { ALL_TABLES, entriesOf } from './entries.ts';
import { keyOf } from './kernel.ts';
import { macOf, type World } from './world.ts';

/** What one host holds of another, and in which tables a fault made it wrong. */
export interface Cell {
  readonly observer: Host;
  readonly subject: Host;
  readonly tables: readonly Table[];
  /** The device of the subject has another port than that of the observer, or another tunnel IP than it published. */
  readonly isOfSettings?: true;
  /** No flanneld sets entries for the subject: its node object lacks flannel's annotations. */
  readonly isUnannounced?: true;
  /** The observer reaches the subject, whose replies are lost: the subject holds no such entry of the observer. */
  readonly isOfReplies?: true;
  /** All entries may be right: what drops packets from the observer to the subject, or their answers. */
  readonly loss?: PacketLoss;
}

/** Damages the world, and returns the cells that are wrong because of it. Nodes that are not there are left out. */
export function inflict(world: World, damage: Damage): readonly Cell[] {
  switch (damage.kind) {
    case 'entries-lost':
      return named(world, damage.subjects).flatMap((subject) =>
        lose(world, subject, {
          observers: observersOf(world, damage.observers, subject),
          tables: damage.tables,
        }),
      );
    case 'not-permanent':
      return onEntries(world, damage, ({ tunnelIp, mac }) => {
        return { table: 'neighbour', ip: tunnelIp, mac, state: 'STALE' };
      });
    case 'old-address':
      return onEntries(world, damage, ({ mac }) => {
        return { table: 'fdb', mac, destination: NOBODYS_ADDRESS };
      });
    case 'old-mac':
      return renewMac(world, damage);
    case 'unannounced':
      return unannounce(world, damage.subject);
    case 'drift':
      return drift(world, damage.subject);
    case 'blackhole': {
      const [subject] = named(world, [damage.subject]);
      const podCidr = subject && publishedLease(world, subject)?.podCidr;
      for (const host of named(world, podCidr === undefined ? [] : [damage.observer])) {
        host.kernel.blackholes = [...host.kernel.blackholes, `${podCidr}`.replace('/24', '/26')];
      }
      return [];
    }
    case 'overlap':
      return overlap(world, damage);
    case 'bridge':
      for (const host of named(world, [damage.subject])) host.kernel.bridge = damage.address;
      return [];
    case 'address':
      return resettle(world, damage.subject, { tunnelIp: damage.address });
    case 'port':
      return resettle(world, damage.subject, { port: damage.port });
    case 'mtu':
      for (const host of named(world, [damage.subject])) {
        host.kernel.changeSettings({ mtu: damage.mtu });
      }
      return [];
    case 'flush':
      return named(world, damage.observers).flatMap((observer) => {
        observer.kernel.flush(damage.tables);
        return rowOf(world, observer, damage.tables);
      });
    case 'device-gone':
      return named(world, damage.observers).flatMap((observer) => {
        observer.kernel.setDevice(undefined);
        return rowOf(world, observer, ALL_TABLES);
      });
    case 'device-down':
      return named(world, damage.observers).flatMap((observer) => {
        observer.kernel.setUp(false);
        return rowOf(world, observer, ['neighbour', 'route']);
      });
    case 'partition':
      return part(world, named(world, damage.side));
    case 'packets-lost':
      return losePackets(world, damage);
  }
}

function part(world: World, few: readonly Host[]): readonly Cell[] {
  const rest = world.members().filter((host) => !few.includes(host));
  const apart = { tables: ALL_TABLES };
  return [
    ...few.flatMap((subject) => lose(world, subject, { ...apart, observers: rest })),
    ...rest.flatMap((subject) => lose(world, subject, { ...apart, observers: few })),
  ];
}

/** A way loses its packets because of one of its ends: that one is the subject of the cell. */
function losePackets(
  world: World,
  { nodes, which, direction }: Extract<Damage, { readonly kind: 'packets-lost' }>,
): readonly Cell[] {
  const loss = { which, direction };
  const subjects = nodes === 'all' ? world.members() : named(world, nodes);
  for (const host of subjects) host.losses = [...host.losses, loss];
  return subjects.flatMap((subject) =>
    world
      .members()
      .filter((host) => host !== subject)
      .map((observer): Cell => ({ observer, subject, tables: [], loss })),
  );
}

/** The network takes what the host sends to the pods of the peer, and so the replies to what comes from there. */
function overlap(
  world: World,
  damage: Extract<Damage, { readonly kind: 'overlap' }>,
): readonly Cell[] {
  const [host] = named(world, [damage.subject]);
  const [peer] = named(world, [damage.peer]);
  const lease = peer === undefined ? undefined : publishedLease(world, peer);
  if (host?.kernel.device === undefined || peer === undefined || lease === undefined) return [];
  if (host === peer) return [];
  host.kernel.remove('route', lease.podCidr);
  host.kernel.networks = [...host.kernel.networks, lease.podCidr];
  const tables = ['route'] as const;
  return [
    { observer: peer, subject: host, tables, isOfReplies: true },
    { observer: host, subject: peer, tables },
  ];
}

/** A device gets settings with which it and the others do not understand each other. */
function resettle(
  world: World,
  name: string,
  settings: Parameters<Host['kernel']['changeSettings']>[0],
): readonly Cell[] {
  return named(world, [name]).flatMap((subject) => {
    subject.kernel.changeSettings(settings);
    return world
      .members()
      .filter((host) => host !== subject)
      .map((observer): Cell => ({ observer, subject, tables: [], isOfSettings: true }));
  });
}

/** In the network of the hosts, and no host's. */
const NOBODYS_ADDRESS = '172.31.255.254';

function named(world: World, names: readonly string[]): readonly Host[] {
  return names.flatMap((name) => world.member(name) ?? []);
}

function observersOf(world: World, observers: Observers, subject: Host): readonly Host[] {
  const hosts = observers === 'others' ? world.members() : named(world, observers);
  return hosts.filter((host) => host !== subject && host.kernel.device !== undefined);
}

/** What peers must hold for a node, and undefined while flannel has not published it. */
export function publishedLease(world: World, subject: Host): Lease | undefined {
  const node = world.api.now().get(subject.name);
  return node === undefined || node.instanceId !== subject.instanceId ? undefined : leaseOf(node);
}

function lose(
  world: World,
  subject: Host,
  { observers, tables }: { readonly observers: readonly Host[]; readonly tables: readonly Table[] },
): readonly Cell[] {
  const lease = publishedLease(world, subject);
  if (lease === undefined) return [];
  const lost = entriesOf(lease).filter(({ table }) => tables.includes(table));
  return observers.map((observer) => {
    for (const entry of lost) observer.kernel.remove(entry.table, keyOf(entry));
    return { observer, subject, tables };
  });
}

/** Sets another entry in place of the right one, where there is one. */
function onEntries(
  world: World,
  { subject: name, observers }: { readonly subject: string; readonly observers: Observers },
  wrong: (lease: Lease) => Entry,
): readonly Cell[] {
  const [subject] = named(world, [name]);
  const lease = subject === undefined ? undefined : publishedLease(world, subject);
  if (subject === undefined || lease === undefined) return [];
  const entry = wrong(lease);
  const holders = observersOf(world, observers, subject).filter(
    ({ kernel }) => kernel.find(entry.table, keyOf(entry)) !== undefined,
  );
  return holders.map((observer) => {
    observer.kernel.set(entry);
    return { observer, subject, tables: [entry.table] };
  });
}

function renewMac(
  world: World,
  { subject: name, observers }: Extract<Damage, { kind: 'old-mac' }>,
): readonly Cell[] {
  const [subject] = named(world, [name]);
  const { device } = subject?.kernel ?? {};
  const node = world.api.now().get(name);
  if (subject === undefined || device === undefined || node === undefined) return [];
  const deaf = observersOf(world, observers, subject);
  subject.devices += 1;
  const own = subject.kernel.entries();
  subject.kernel.setDevice({ ...device, mac: macOf(subject.instanceId, subject.devices) });
  for (const entry of own) subject.kernel.set(entry);
  world.publish(subject, node, new Set(deaf));
  return deaf.map((observer) => ({ observer, subject, tables: ['neighbour', 'fdb'] }));
}

function unannounce(world: World, name: string): readonly Cell[] {
  return named(world, [name])
    .filter((subject) => subject.flanneldSince !== undefined && world.remakeNode(name))
    .flatMap((subject) =>
      world
        .members()
        .filter((host) => host !== subject)
        .map((observer): Cell => ({
          observer,
          subject,
          tables: ALL_TABLES,
          isUnannounced: true,
        })),
    );
}

function drift(world: World, name: string): readonly Cell[] {
  const [subject] = named(world, [name]);
  if (subject?.kernel.device === undefined) return [];
  subject.devices += 1;
  subject.kernel.changeMac(macOf(subject.instanceId, subject.devices));
  const peers = world.members().filter((host) => host !== subject);
  return [
    ...peers.map((observer): Cell => ({ observer, subject, tables: ['neighbour', 'fdb'] })),
    ...rowOf(world, subject, ['neighbour']),
  ];
}

function rowOf(world: World, observer: Host, tables: readonly Table[]): readonly Cell[] {
  return world
    .members()
    .filter((host) => host !== observer)
    .map((subject) => ({ observer, subject, tables }));
}

/** What a person does who follows the page: flanneld starts again, on a host that needs it. */
export function repairOn(world: World, damage: Damage, host: Host): void {
  if (damage.kind === 'blackhole') {
    host.kernel.blackholes = [];
    return;
  }
  if (damage.kind === 'bridge') {
    host.kernel.bridge = undefined;
    return;
  }
  if (damage.kind === 'packets-lost') {
    host.losses = host.losses.filter(
      ({ which, direction }) => which !== damage.which || direction !== damage.direction,
    );
    return;
  }
  if (damage.kind === 'overlap') host.kernel.networks = [];
  if (isOfDevice(damage)) {
    host.kernel.setDevice(undefined);
  }
  world.startFlanneld(host, { newDevice: false });
}

/** Whether it is in the network or in what a host starts with, and so is there again after a boot. */
export function outlivesBoot({ kind }: Damage): boolean {
  return kind === 'packets-lost';
}

/** Whether flanneld would keep the device as it is: it is deleted first. */
function isOfDevice({ kind }: Damage): boolean {
  return kind === 'drift' || kind === 'mtu' || kind === 'port' || kind === 'address';
}

/** The hosts that need a repair, by name. */
export function hostsToRepair(
  world: World,
  damage: Damage,
  cells: readonly Cell[],
): readonly Host[] {
  if (damage.kind === 'mtu' || damage.kind === 'bridge' || damage.kind === 'overlap') {
    return named(world, [damage.subject]);
  }
  if (damage.kind === 'blackhole') return named(world, [damage.observer]);
  if (damage.kind === 'packets-lost') return [...new Set(cells.map(({ subject }) => subject))];
  const hosts =
    damage.kind === 'unannounced' ||
    damage.kind === 'drift' ||
    damage.kind === 'port' ||
    damage.kind === 'address'
      ? cells.flatMap(({ subject }) => (subject.name === damage.subject ? [subject] : []))
      : cells.map(({ observer }) => observer);
  return [...new Set(hosts)];
}
