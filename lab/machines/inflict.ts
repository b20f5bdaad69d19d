/** What damage does to real and modelled machines, by the commands that do it to a host. */
import { randomUUID } from 'node:crypto';
import { type Table, TABLES } from '../../shared/contract/causes.ts';
import type {
  AgentDamage,
  ApiServerDamage,
  Damage,
  DeviceDamage,
  EntryDamage,
  Hosts,
  PacketDamage,
  PacketKind,
} from '../damage.ts';
import {
  BRIDGE_DEVICE,
  deleteEntries,
  deviceCommands,
  directRoute,
  type Entry,
  OVERLAY_DEVICE,
  OVERLAY_PORT,
  programmed,
  replaceEntries,
  reprogram,
} from './flannel.ts';
import { carryOut, carryOutBatch, type Host, type Machine } from './machine.ts';
import { UNDERLAY_DEVICE } from './roster.ts';
import { ghostsOn, heldEntry, randomLosses, type SimulatedDamage } from './simulated/conditions.ts';

/** The machines, and those of them that are in the cluster: flannel programs these alone. */
interface Members {
  readonly machines: readonly Machine[];
  readonly inCluster: readonly Machine[];
}

/** Carries out the damage, one after the other, on machines that are all in the cluster, and have no API server. */
export async function inflict(
  { machines }: { readonly machines: readonly Machine[] },
  damages: readonly Damage[],
): Promise<void> {
  for (const damage of damages) {
    if (isOfAgent(damage)) throw new Error(`${damage.kind} needs Systems Manager`);
    if (damage.kind === 'api-server') continue;
    await inflictOne({ machines, inCluster: machines }, damage);
  }
}

export function isOfAgent(damage: Damage): damage is Exclude<Damage, SimulatedDamage> {
  return Object.hasOwn(OF_AGENT, damage.kind);
}

const OF_AGENT = {
  'disk-full': true,
  'run-twice': true,
  'script-killed': true,
  'agent-hibernates': true,
  'instance-gone': true,
  'agent-restarted': true,
} as const satisfies Readonly<Record<AgentDamage['kind'], true>>;

/** What hosts suffer; API servers are the control plane's. */
type HostDamage = Exclude<SimulatedDamage, ApiServerDamage>;

/** Rejects where a command fails: an entry that is not there cannot be lost. */
export async function inflictOne(members: Members, damage: HostDamage): Promise<void> {
  const { machines, inCluster } = members;
  switch (damage.kind) {
    case 'lost':
    case 'direct-routing':
    case 'direct-lost':
    case 'lost-at-random':
    case 'held':
    case 'ghosts':
    case 'half-written':
      return await damageEntries(inCluster, damage);
    case 'device-deleted':
    case 'device-down':
    case 'device-bounced':
    case 'device-remade':
    case 'mac-changed':
    case 'address-changed':
    case 'port-changed':
    case 'mtu-changed':
      return await onEach(inCluster, damage.on, (one) => damageDevice(one, inCluster, damage));
    // The hosts run on as they are.
    case 'listed':
      return undefined;
    case 'route-added':
    case 'bridge-made':
      return await damageSurroundings(inCluster, damage);
    case 'packets-dropped':
    case 'port-taken':
    case 'packets-passed':
      return await onEach(inCluster, damage.on, (one) => damagePackets(one, damage, inCluster));
    case 'underlay-mtu-changed':
      return await onEach(inCluster, damage.on, (one) =>
        carryOut(one, `ip link set dev ${UNDERLAY_DEVICE} mtu ${damage.mtu}`),
      );
    case 'unreadable':
      return await onEach(inCluster, damage.on, (one) => makeUnreadable(one, damage));
    case 'flannel-restarted':
      return await onEach(inCluster, damage.on, (one) => reprogram(one, inCluster));
    case 'rebooted':
      return await onEach(inCluster, damage.on, (one) =>
        reboot(one, inCluster, damage.flanneldSeconds),
      );
    case 'joined': {
      const joining = named(machines, damage.host.name);
      await reprogram(joining, [...inCluster, joining]);
      return await onEach(inCluster, 'all', async (one) => {
        for (const table of TABLES) await replaceEntries(one, [programmed[table](joining)]);
      });
    }
    case 'left': {
      const staying = inCluster.filter(({ name }) => !includes(damage.on, name));
      await damageEntries(inCluster, {
        kind: 'lost',
        tables: TABLES,
        on: staying.map(({ name }) => name),
        of: damage.on,
      });
      return await onEach(inCluster, damage.on, (one) =>
        carryOut(one, `ip link del ${OVERLAY_DEVICE}`),
      );
    }
  }
}

async function damageSurroundings(
  machines: readonly Machine[],
  damage: Extract<Damage, { readonly kind: 'route-added' | 'bridge-made' }>,
): Promise<void> {
  return await onEach(machines, damage.on, (one) =>
    damage.kind === 'route-added' ? addRoute(one, damage) : makeBridge(one, damage),
  );
}

async function addRoute(
  machine: Machine,
  { range, through }: Extract<Damage, { readonly kind: 'route-added' }>,
): Promise<void> {
  const route = through === 'blackhole' ? `blackhole ${range}` : `${range} dev ${through}`;
  await carryOut(machine, `ip route replace ${route}`);
}

async function makeBridge(
  machine: Machine,
  { address }: Extract<Damage, { readonly kind: 'bridge-made' }>,
): Promise<void> {
  await carryOut(machine, `ip link add ${BRIDGE_DEVICE} type bridge`);
  await carryOut(machine, `ip addr add ${address} dev ${BRIDGE_DEVICE}`);
  await carryOut(machine, `ip link set ${BRIDGE_DEVICE} up`);
}

async function damageDevice(
  one: Machine,
  inCluster: readonly Machine[],
  damage: DeviceDamage,
): Promise<void> {
  switch (damage.kind) {
    case 'device-deleted':
      return await carryOut(one, `ip link del ${OVERLAY_DEVICE}`);
    case 'device-down':
      return await carryOut(one, `ip link set ${OVERLAY_DEVICE} down`);
    case 'device-bounced':
      await carryOut(one, `ip link set ${OVERLAY_DEVICE} down`);
      return await carryOut(one, `ip link set ${OVERLAY_DEVICE} up`);
    case 'device-remade':
      await carryOut(one, `ip link del ${OVERLAY_DEVICE}`);
      return await carryOutBatch(one, 'ip', deviceCommands(one));
    case 'mac-changed':
      return await carryOut(one, `ip link set dev ${OVERLAY_DEVICE} address ${damage.mac}`);
    case 'address-changed':
      // The new one first: with its last address a device loses its routes and neighbours.
      await carryOut(one, `ip addr add ${damage.address}/32 dev ${OVERLAY_DEVICE}`);
      return await carryOut(one, `ip addr del ${one.tunnelIp}/32 dev ${OVERLAY_DEVICE}`);
    case 'port-changed':
      return await reprogram(one, inCluster, damage.port);
    case 'mtu-changed':
      return await carryOut(one, `ip link set dev ${OVERLAY_DEVICE} mtu ${damage.mtu}`);
  }
}

async function damageEntries(machines: readonly Machine[], damage: EntryDamage): Promise<void> {
  switch (damage.kind) {
    case 'lost':
      return await onEach(machines, damage.on, (one) =>
        lose(one, damage.tables, chosen(machines, damage.of)),
      );
    case 'direct-routing':
      return await onEach(machines, damage.on, (one) => routeDirectly(one, machines));
    case 'direct-lost':
      return await onEach(machines, damage.on, (one) =>
        deleteEntries(one, othersThan(one, chosen(machines, damage.of)).map(directRoute)),
      );
    case 'lost-at-random':
      return await onEach(machines, 'all', async (one) => {
        const losses = randomLosses(machines, machines.indexOf(one), damage);
        for (const { table, peers } of losses) await lose(one, [table], peers);
      });
    case 'held':
      return await onEach(machines, damage.on, async (one) => {
        if (one.name === damage.of.name) return;
        for (const table of damage.tables) await replaceEntries(one, [heldEntry(table, damage)]);
      });
    case 'ghosts':
      return await onEach(machines, damage.on, (one) =>
        replaceEntries(one, ghostsOn(machines, machines.indexOf(one), damage.each)),
      );
    case 'half-written':
      return await onEach(machines, damage.on, (one) =>
        lose(one, TABLES, machines.slice(Math.ceil(damage.share * machines.length))),
      );
  }
}

/** The route to a peer's pods takes the place of the one over the overlay. */
async function routeDirectly(machine: Machine, hosts: readonly Host[]): Promise<void> {
  await lose(machine, ['neighbour', 'fdb'], hosts);
  await replaceEntries(machine, othersThan(machine, hosts).map(directRoute));
}

function othersThan({ name }: Machine, hosts: readonly Host[]): readonly Host[] {
  return hosts.filter((host) => host.name !== name);
}

async function lose(
  machine: Machine,
  tables: readonly Table[],
  peers: readonly Host[],
): Promise<void> {
  const others = othersThan(machine, peers);
  for (const table of tables) {
    await deleteEntries(
      machine,
      others.map((peer): Entry => programmed[table](peer)),
    );
  }
}

/** The overlay's own port, and IANA's, which a device may have. */
const OVERLAY_PACKETS = `udp dport { ${OVERLAY_PORT}, 4789 }`;

/** The inner packet's protocol stands 39 bytes after the start of the outer UDP header. */
const PACKET_MATCHES: Readonly<Record<PacketKind, string>> = {
  all: '',
  large: 'meta length > 1400',
  tcp: '@th,312,8 6',
  unsummed: '@th,312,8 6 @th,504,8 & 4 == 0',
  icmp: '@th,312,8 1',
};

const PACKET_TABLE = 'inet lab_packets';

function packetRule(chain: string, hook: string, then: string): string {
  return [
    `add table ${PACKET_TABLE}`,
    `add chain ${PACKET_TABLE} ${chain} { type filter hook ${hook}; }`,
    `add rule ${PACKET_TABLE} ${chain} ${OVERLAY_PACKETS} ${then}`,
  ].join('; ');
}

/** The rules keep no state, so that what is undone has no effect any more. */
async function damagePackets(
  machine: Machine,
  damage: Exclude<PacketDamage, { readonly kind: 'underlay-mtu-changed' }>,
  hosts: readonly Host[],
): Promise<void> {
  const commandsOf = (): readonly string[] => {
    switch (damage.kind) {
      case 'packets-dropped': {
        const { between } = damage;
        const peers = hosts.filter(({ name }) => between?.includes(name) === true);
        const addresses = peers.map(({ underlayIp }) => underlayIp).join(', ');
        const drop = (side: 'saddr' | 'daddr'): string =>
          `${between === undefined ? '' : `ip ${side} { ${addresses} }`} ${PACKET_MATCHES[damage.which]} drop`;
        const comesIn = packetRule('come_in', 'input priority 0', drop('saddr'));
        const goesOut = packetRule('go_out', 'output priority 0', drop('daddr'));
        return { in: [comesIn], out: [goesOut], both: [comesIn, goesOut] }[damage.direction];
      }
      case 'port-taken':
        return [packetRule('elsewhere', 'prerouting priority -300', 'udp dport set 9')];
      case 'packets-passed':
        return [`add table ${PACKET_TABLE}; delete table ${PACKET_TABLE}`];
    }
  };
  for (const commands of commandsOf()) await carryOutScript(machine, `nft '${commands}'`);
}

const TOOL_OF = {
  neighbour: ['ip', 'neigh'],
  fdb: ['bridge', 'fdb'],
  route: ['ip', 'route'],
} as const;

/** Puts a program before the machine's own that fails for this table alone. */
async function makeUnreadable(
  machine: Machine,
  { table, reason }: Extract<Damage, { readonly kind: 'unreadable' }>,
): Promise<void> {
  const status = /^exit-(\d+)$/.exec(reason)?.[1];
  if (status === undefined) throw new Error(`on a machine a table fails by exit-…, not ${reason}`);
  const [program, object] = TOOL_OF[table];
  const file = `/usr/local/bin/${program}`;
  await machine.write(
    file,
    `#!/bin/sh
case " $* " in *" ${object} "*) exit ${status} ;; esac
PATH=$(printf %s "$PATH" | sed 's#[^:]*/usr/local/bin:##g') exec ${program} "$@"
`,
  );
  await carryOutScript(machine, `chmod 755 "\${VTEPWATCH_ROOT:-}${file}"`);
}

/** The kernel's tables go, and its boot id is another. Its uptime stays that of the computer. */
async function reboot(
  machine: Machine,
  hosts: readonly Host[],
  flanneldSeconds: number,
): Promise<void> {
  await carryOut(machine, `ip link del ${OVERLAY_DEVICE}`);
  const file = '"${VTEPWATCH_ROOT:-}/proc/sys/kernel/random/boot_id"';
  await carryOutScript(machine, `echo ${randomUUID()} >${file}`);
  if (flanneldSeconds === 0) await reprogram(machine, hosts);
  // The machine may be gone by then, and nothing waits for it.
  else setTimeout(() => reprogram(machine, hosts).catch(() => {}), flanneldSeconds * 1000).unref();
}

async function carryOutScript(machine: Machine, script: string): Promise<void> {
  const { exit, stderr } = await machine.run(['sh', '-c', script]);
  if (exit !== 0) throw new Error(`running ${script} on ${machine.name}: ${stderr.trim()}`);
}

async function onEach(
  machines: readonly Machine[],
  on: Hosts,
  act: (machine: Machine) => Promise<void>,
): Promise<void> {
  await Promise.all(chosen(machines, on).map(act));
}

function chosen(machines: readonly Machine[], on: Hosts): readonly Machine[] {
  return on === 'all' ? machines : on.map((name) => named(machines, name));
}

function named(machines: readonly Machine[], name: string): Machine {
  const machine = machines.find((one) => one.name === name);
  if (machine === undefined) throw new Error(`looking for ${name}: no such machine in the lab`);
  return machine;
}

function includes(on: Hosts, name: string): boolean {
  return on === 'all' || on.includes(name);
}
