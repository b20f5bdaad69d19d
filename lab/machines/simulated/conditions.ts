/** What damage makes of the hosts of a simulated cluster. */
import { type Table, TABLES } from '../../../shared/contract/causes.ts';
import type {
  ApiConduct,
  Change,
  Damage,
  DeviceDamage,
  Hosts,
  PacketDamage,
  PacketKind,
} from '../../damage.ts';
import {
  directRoute,
  type Entry,
  type HeldEntry,
  OVERLAY_MTU_BYTES,
  OVERLAY_PORT,
  programmed,
} from '../flannel.ts';
import type { Host } from '../machine.ts';
import { UNDERLAY_MTU_BYTES } from '../roster.ts';
import { formerMac, scrambled } from './hosts.ts';

/** The hosts of a cluster, and how each is. */
export interface State {
  readonly hosts: readonly Host[];
  readonly conditions: ReadonlyMap<string, Condition>;
  /** By name, what the objects of nodes say where it is not what their hosts are. */
  readonly listed: ReadonlyMap<string, Host>;
}

/** How one host is, as opposed to one that holds what flannel programs for each of its peers. */
export interface Condition {
  /** How often it has booted since it was made, and when it last did; milliseconds since the epoch. */
  readonly boots: number;
  readonly bootedAt: number;
  /** When flanneld started; before that a host has neither a device nor entries. */
  readonly flanneldAt: number;
  /** Peers whose entries in a table are gone. Where many hosts lost the same peers, they share one
   * list, which is summed up once. */
  readonly lost: readonly Loss[];
  /** Entries besides those that flannel programs. */
  readonly besides: readonly HeldEntry[];
  readonly device: 'up' | 'down' | 'missing';
  /** Of its device, where it is not the one that its peers were given. */
  readonly mac: string | undefined;
  /** Of its device, where it is not that of its pod CIDR. */
  readonly tunnelIp: string | undefined;
  /** In bytes: of its device, and of the interface that carries it. */
  readonly mtu: number;
  readonly underlayMtu: number;
  /** Blackholes, and routes through the device that each has, in the way of the pods. */
  readonly obstacles: readonly Obstacle[];
  readonly port: number;
  /** Which of the overlay's packets do not come in or go out. */
  readonly drops: readonly PacketDrop[];
  /** The address of its bridge for pods, if it has one. */
  readonly bridge: string | undefined;
  /** Of a master. */
  readonly apiServer: ApiConduct;
  /** The script's word for why a table cannot be read. */
  readonly unread: Readonly<Partial<Record<Table, string>>>;
}

interface PacketDrop {
  readonly direction: 'in' | 'out';
  readonly which: PacketKind;
  /** From and to these nodes alone. */
  readonly between: readonly string[] | undefined;
}

interface Obstacle {
  readonly range: string;
  readonly device: string | undefined;
}

function surrounded(
  condition: Condition,
  hosts: readonly Host[],
  damage: Extract<Damage, { readonly kind: 'route-added' | 'bridge-made' }>,
): Condition {
  if (damage.kind === 'bridge-made') return { ...condition, bridge: damage.address };
  const { range, through } = damage;
  const obstacle: Obstacle = { range, device: through === 'blackhole' ? undefined : through };
  const replaced = hosts.filter(({ podCidr }) => podCidr === range);
  const left = replaced.length === 0 ? condition : without(condition, ['route'], replaced);
  return { ...left, obstacles: [...left.obstacles, obstacle] };
}

interface Loss {
  readonly table: Table;
  readonly peers: readonly Host[];
}

/** What a simulated cluster suffers; what the agent does, Systems Manager knows. */
export type SimulatedDamage = Exclude<
  Damage,
  {
    readonly kind:
      | 'disk-full'
      | 'run-twice'
      | 'script-killed'
      | 'agent-hibernates'
      | 'instance-gone'
      | 'agent-restarted';
  }
>;

/** How long a host that was always there has been up, and how long after its boot flanneld came. */
const UPTIME_SECONDS = 864_000;
const FLANNELD_SECONDS = 60;

const MADE_ANEW = {
  mac: undefined,
  tunnelIp: undefined,
  mtu: OVERLAY_MTU_BYTES,
  port: OVERLAY_PORT,
} as const;

const WELL = {
  lost: [],
  besides: [],
  device: 'up',
  ...MADE_ANEW,
  underlayMtu: UNDERLAY_MTU_BYTES,
  obstacles: [],
  drops: [],
  bridge: undefined,
  apiServer: 'well',
  unread: {},
} as const;

export function allWell(hosts: readonly Host[], now: number): State {
  return {
    hosts,
    conditions: new Map(hosts.map(({ name }) => [name, longUp(now)])),
    listed: new Map(),
  };
}

function longUp(now: number): Condition {
  const bootedAt = now - UPTIME_SECONDS * 1000;
  return { ...WELL, boots: 0, bootedAt, flanneldAt: bootedAt + FLANNELD_SECONDS * 1000 };
}

/** The cluster after this happened. Throws where a host is named that is not in it. */
export function damaged(state: State, damage: SimulatedDamage, now: number): State {
  const { hosts } = state;
  switch (damage.kind) {
    case 'lost': {
      const peers = chosen(hosts, damage.of);
      return changed(state, damage.on, (one) => without(one, damage.tables, peers));
    }
    case 'direct-routing':
      return changed(state, damage.on, (one, host) => ({
        ...without(one, TABLES, hosts),
        besides: hosts.filter((peer) => peer !== host).map(directRoute),
      }));
    case 'direct-lost': {
      const keys = new Set(chosen(hosts, damage.of).map((peer) => keyOf(directRoute(peer))));
      return changed(state, damage.on, (one) => ({
        ...one,
        besides: one.besides.filter((entry) => !keys.has(keyOf(entry))),
      }));
    }
    case 'lost-at-random':
      return changed(state, 'all', (one, host) => ({
        ...one,
        lost: [...one.lost, ...randomLosses(hosts, hosts.indexOf(host), damage)],
      }));
    case 'held': {
      const entries = damage.tables.map((table) => heldEntry(table, damage));
      const replaced = entries.map((entry) => replacedBy(hosts, entry));
      return changed(state, damage.on, (one, { name }) =>
        name === damage.of.name ? one : { ...one, ...holding(one, entries, replaced) },
      );
    }
    case 'ghosts':
      return changed(state, damage.on, (one, host) => ({
        ...one,
        besides: [...one.besides, ...ghostsOn(hosts, hosts.indexOf(host), damage.each)],
      }));
    case 'half-written': {
      const unwritten = hosts.slice(Math.ceil(damage.share * hosts.length));
      return changed(state, damage.on, (one) => without(one, TABLES, unwritten));
    }
    case 'device-deleted':
    case 'device-down':
    case 'device-bounced':
    case 'device-remade':
    case 'mac-changed':
    case 'address-changed':
    case 'port-changed':
    case 'mtu-changed':
      return changed(state, damage.on, (one) => withDevice(one, hosts, damage));
    case 'listed':
      return { ...state, listed: new Map([...state.listed, [damage.as.name, damage.as]]) };
    case 'route-added':
    case 'bridge-made':
      return changed(state, damage.on, (one) => surrounded(one, hosts, damage));
    case 'packets-dropped':
    case 'port-taken':
    case 'packets-passed':
      return changed(state, damage.on, (one) => ({ ...one, drops: dropsAfter(one, damage) }));
    case 'underlay-mtu-changed':
      return changed(state, damage.on, (one) => ({ ...one, underlayMtu: damage.mtu }));
    case 'api-server':
    case 'unreadable':
      return answering(state, damage);
    case 'flannel-restarted':
    case 'rebooted':
    case 'joined':
    case 'left':
      return lived(state, damage, now);
  }
}

function withDevice(one: Condition, hosts: readonly Host[], damage: DeviceDamage): Condition {
  switch (damage.kind) {
    case 'device-deleted':
      return { ...emptied(one, hosts), device: 'missing' };
    case 'device-down':
      return { ...without(one, ['neighbour', 'route'], hosts), device: 'down' };
    case 'device-bounced':
      return without(one, ['neighbour', 'route'], hosts);
    case 'device-remade':
      return { ...emptied(one, hosts), device: 'up' };
    case 'mac-changed':
      return { ...without(one, ['neighbour'], hosts), mac: damage.mac };
    case 'address-changed':
      return { ...one, tunnelIp: damage.address };
    case 'port-changed':
      return { ...one, lost: [], besides: [], ...MADE_ANEW, port: damage.port };
    case 'mtu-changed':
      return { ...one, mtu: damage.mtu };
  }
}

function dropsAfter(
  { drops }: Condition,
  damage: Exclude<PacketDamage, { readonly kind: 'underlay-mtu-changed' }>,
): readonly PacketDrop[] {
  switch (damage.kind) {
    case 'packets-dropped': {
      const { direction, which, between } = damage;
      const directions = direction === 'both' ? (['in', 'out'] as const) : [direction];
      return [...drops, ...directions.map((one) => ({ direction: one, which, between }))];
    }
    case 'port-taken':
      return [...drops, { direction: 'in', which: 'all', between: undefined }];
    case 'packets-passed':
      return [];
  }
}

/** What changes how a host answers, and nothing that it holds. */
function answering(
  state: State,
  damage: Extract<Damage, { readonly kind: 'api-server' | 'unreadable' }>,
): State {
  switch (damage.kind) {
    case 'api-server':
      return changed(state, damage.on, (one) => ({ ...one, apiServer: damage.is }));
    case 'unreadable':
      return changed(state, damage.on, (one) => ({
        ...one,
        unread: { ...one.unread, [damage.table]: damage.reason },
      }));
  }
}

function lived(state: State, change: Change, now: number): State {
  const { hosts, conditions, listed } = state;
  switch (change.kind) {
    case 'flannel-restarted': {
      const entries = TABLES.flatMap((table) =>
        hosts.map((peer) => keyOf(programmed[table](peer))),
      );
      const programmedKeys = new Set(entries);
      return changed(state, change.on, (one) => ({
        ...one,
        lost: [],
        besides: one.besides.filter((entry) => !programmedKeys.has(keyOf(entry))),
        device: 'up',
        tunnelIp: undefined,
        port: OVERLAY_PORT,
        flanneldAt: now,
      }));
    }
    case 'rebooted':
      // A firewall reads its rules anew.
      return changed(state, change.on, ({ boots, drops }) => ({
        ...WELL,
        drops,
        boots: boots + 1,
        bootedAt: now,
        flanneldAt: now + change.flanneldSeconds * 1000,
      }));
    case 'joined':
      return {
        hosts: [...hosts, change.host],
        conditions: new Map([...conditions, [change.host.name, bornAt(now)]]),
        listed,
      };
    case 'left': {
      const gone = new Set(chosen(hosts, change.on));
      return {
        hosts: hosts.filter((host) => !gone.has(host)),
        listed,
        conditions: new Map(
          [...conditions]
            .filter(([name]) => !chosen(hosts, change.on).some((host) => host.name === name))
            .map(([name, one]) => [name, { ...one, lost: one.lost.map(remaining(gone)) }]),
        ),
      };
    }
  }
}

function bornAt(now: number): Condition {
  return { ...WELL, boots: 0, bootedAt: now, flanneldAt: now };
}

function remaining(gone: ReadonlySet<Host>): (loss: Loss) => Loss {
  return ({ table, peers }) => ({ table, peers: peers.filter((peer) => !gone.has(peer)) });
}

/** What the host holds in a table, peer by peer. */
export function entriesOf(
  hosts: readonly Host[],
  host: Host,
  { condition, table }: { readonly condition: Condition; readonly table: Table },
): readonly HeldEntry[] {
  const { lost, besides, device } = condition;
  if (device === 'missing') return [];
  const gone = new Set<Host>([
    host,
    ...lost.filter((loss) => loss.table === table).flatMap(({ peers }) => peers),
  ]);
  const kept = hosts
    .filter((peer) => !gone.has(peer))
    .map((peer): Entry => programmed[table](peer));
  return [...kept, ...besides.filter((entry) => tableOf(entry) === table)];
}

/** In which of a host's tables an entry stands. */
export function tableOf({ table }: HeldEntry): Table {
  return table === 'direct' ? 'route' : table;
}

function changed(
  { hosts, conditions, listed }: State,
  on: Hosts,
  change: (condition: Condition, host: Host) => Condition,
): State {
  const next = new Map(conditions);
  for (const host of chosen(hosts, on)) {
    const condition = conditions.get(host.name);
    if (condition !== undefined) next.set(host.name, change(condition, host));
  }
  return { hosts, conditions: next, listed };
}

function chosen(hosts: readonly Host[], names: Hosts): readonly Host[] {
  if (names === 'all') return hosts;
  return names.map((name) => {
    const host = hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`the simulated cluster has no host ${name}`);
    return host;
  });
}

function without(
  condition: Condition,
  tables: readonly Table[],
  peers: readonly Host[],
): Condition {
  const keys = new Set(
    condition.besides.length === 0
      ? []
      : tables.flatMap((table) => peers.map((peer) => keyOf(programmed[table](peer)))),
  );
  return {
    ...condition,
    lost: [...condition.lost, ...tables.map((table) => ({ table, peers }))],
    besides: condition.besides.filter((entry) => !keys.has(keyOf(entry))),
  };
}

function emptied(condition: Condition, hosts: readonly Host[]): Condition {
  return {
    ...without(condition, TABLES, hosts),
    besides: [],
    mac: undefined,
    mtu: OVERLAY_MTU_BYTES,
  };
}

function holding(
  { lost, besides }: Condition,
  entries: readonly Entry[],
  replaced: readonly Loss[],
): Pick<Condition, 'lost' | 'besides'> {
  const keys = new Set(entries.map(keyOf));
  return {
    lost: [...lost, ...replaced.filter(({ peers }) => peers.length > 0)],
    besides: [...besides.filter((entry) => !keys.has(keyOf(entry))), ...entries],
  };
}

export function heldEntry(
  table: Table,
  { of, state }: Extract<Damage, { readonly kind: 'held' }>,
): Entry {
  const entry = programmed[table](of);
  if (entry.table !== 'neighbour' || state === undefined) return entry;
  const isUnanswered = state === 'INCOMPLETE' || state === 'FAILED';
  return { ...entry, state, mac: isUnanswered ? undefined : entry.mac };
}

/** The peers whose programmed entry has the key of this one. */
function replacedBy(hosts: readonly Host[], entry: Entry): Loss {
  const { table } = entry;
  const key = keyOf(entry);
  return { table, peers: hosts.filter((peer) => keyOf(programmed[table](peer)) === key) };
}

/** By what the kernel finds an entry: a table has one for each. */
function keyOf(entry: HeldEntry): string {
  switch (entry.table) {
    case 'neighbour':
      return `neighbour ${entry.ip}`;
    case 'fdb':
      return `fdb ${entry.mac}`;
    case 'route':
    case 'direct':
      return `route ${entry.destination}`;
  }
}

export function randomLosses(
  hosts: readonly Host[],
  observer: number,
  { share, seed }: { readonly share: number; readonly seed: number },
): readonly Loss[] {
  const limit = share * 2 ** 32;
  return TABLES.map((table, number) => {
    const row = scrambled(seed * 7919 + number) ^ scrambled(observer + 1);
    return { table, peers: hosts.filter((_, subject) => scrambled(row ^ subject) < limit) };
  });
}

/** Entries for the devices that the next hosts of the cluster had before their last boots. */
export function ghostsOn(hosts: readonly Host[], observer: number, each: number): readonly Entry[] {
  const peers = [...hosts.slice(observer + 1), ...hosts.slice(0, observer)];
  return Array.from({ length: each }, (_, at) => peers[at % peers.length]).flatMap((peer, at) =>
    peer === undefined
      ? []
      : programmed.fdb({
          ...peer,
          vtepMac: formerMac(peer, 2 + Math.floor(at / peers.length)),
        }),
  );
}
