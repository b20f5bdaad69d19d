import { type Table, TABLES } from '../../shared/contract/causes.ts';
import type { NeighbourState } from '../damage.ts';
import { carryOut, carryOutBatch, type Host, type Machine } from './machine.ts';
import { ROSTER, UNDERLAY_DEVICE, UNDERLAY_MTU_BYTES } from './roster.ts';

/**
 * flannel, as the lab plays it: the only file of the lab that says what a host holds for its peers. Real
 * and modelled machines are given these entries as commands, and simulated hosts answer with them.
 */

/** The device of flannel's VNI 1. */
export const OVERLAY_DEVICE = 'flannel.1';

/** The bridge that the CNI plugin `bridge` makes for pods. */
export const BRIDGE_DEVICE = 'cni0';

/** An entry of the overlay device, as a host's tables hold it. */
export type Entry = NeighbourEntry | FdbEntry | RouteEntry;

/** Whatever flannel sets for a peer. */
export type HeldEntry = Entry | DirectEntry;

interface NeighbourEntry {
  readonly table: 'neighbour';
  readonly ip: string;
  /** Undefined while the kernel has no answer. */
  readonly mac: string | undefined;
  readonly state: NeighbourState;
}

export interface FdbEntry {
  readonly table: 'fdb';
  readonly mac: string;
  readonly destination: string;
}

interface RouteEntry {
  readonly table: 'route';
  readonly destination: string;
  readonly gateway: string;
}

interface DirectEntry {
  readonly table: 'direct';
  readonly destination: string;
  readonly gateway: string;
}

/** What flannel programs on a host for a peer: all of it permanent, on the overlay's device. */
export const programmed = {
  neighbour: ({ tunnelIp, vtepMac }: Host): NeighbourEntry => {
    return { table: 'neighbour', ip: tunnelIp, mac: vtepMac, state: 'PERMANENT' };
  },
  fdb: ({ vtepMac, underlayIp }: Host): FdbEntry => {
    return { table: 'fdb', mac: vtepMac, destination: underlayIp };
  },
  route: ({ podCidr, tunnelIp }: Host): RouteEntry => {
    return { table: 'route', destination: podCidr, gateway: tunnelIp };
  },
} as const satisfies Record<Table, (peer: Host) => Entry>;

/** What flannel with DirectRouting sets for a peer in the same network, and nothing besides. */
export function directRoute({ podCidr, underlayIp }: Host): DirectEntry {
  return { table: 'direct', destination: podCidr, gateway: underlayIp };
}

/** The kernel's own VXLAN port, which flannel keeps; IANA's is 4789. */
export const OVERLAY_PORT = 8472;

/** What VXLAN over IPv4 adds to a packet. */
export const VXLAN_BYTES = 50;

export const OVERLAY_MTU_BYTES = UNDERLAY_MTU_BYTES - VXLAN_BYTES;

/**
 * What a restart of flanneld does on its host: it makes the device if there is none, or if it has another port
 * than its configuration, gives it its address, and programs every peer. It removes nothing else.
 *
 * The device is given its MAC at creation and keeps it (flannel since 0.24.1). For each peer the
 * neighbour comes first and the route last, for a route makes the kernel ask for the neighbour:
 * flannel@cdf76059 pkg/backend/vxlan/vxlan_network.go, handleSubnetEvents.
 */
export async function reprogram(
  machine: Machine,
  hosts: readonly Host[] = ROSTER,
  port = OVERLAY_PORT,
): Promise<void> {
  const found = await machine.run(['ip', '-d', '-o', 'link', 'show', 'dev', OVERLAY_DEVICE]);
  const isRight = found.stdout.includes(` dstport ${port} `);
  if (found.exit === 0 && !isRight) await carryOut(machine, `ip link del ${OVERLAY_DEVICE}`);
  await carryOutBatch(
    machine,
    'ip',
    isRight ? addressCommands(machine) : deviceCommands(machine, port),
  );
  for (const address of await otherAddresses(machine)) {
    await carryOut(machine, `ip addr del ${address} dev ${OVERLAY_DEVICE}`);
  }
  const peers = hosts.filter(({ name }) => name !== machine.name);
  for (const table of TABLES) {
    await replaceEntries(
      machine,
      peers.map((peer): Entry => programmed[table](peer)),
    );
  }
}

/** flannel leaves its device one address (pkg/ip/iface.go, EnsureV4AddressOnLink). */
async function otherAddresses(machine: Machine): Promise<readonly string[]> {
  const { stdout } = await machine.run(['ip', '-o', 'addr', 'show', 'dev', OVERLAY_DEVICE]);
  return [...stdout.matchAll(/ inet (\S+)/g)]
    .map(([, address = '']) => address)
    .filter((address) => address !== `${machine.tunnelIp}/32`);
}

/**
 * What a restart of flanneld does elsewhere: it annotates its node with the MAC of the device that it found,
 * and where that is another than its annotation had, every other node programs it anew. Resolves with the
 * hosts as all are published then.
 */
export async function publish(
  machine: Machine,
  machines: readonly Machine[],
  published: readonly Host[],
): Promise<readonly Host[]> {
  const { stdout } = await machine.run(['ip', '-o', 'link', 'show', 'dev', OVERLAY_DEVICE]);
  const mac = /link\/ether (\S+)/.exec(stdout)?.[1];
  const before = published.find(({ name }) => name === machine.name);
  if (mac === undefined || before === undefined || mac === before.vtepMac) return published;
  const renewed: Host = { ...before, vtepMac: mac };
  for (const other of machines.filter((one) => one !== machine)) {
    for (const table of TABLES) await replaceEntries(other, [programmed[table](renewed)]);
  }
  return published.map((one) => (one === before ? renewed : one));
}

/** Writes entries of one table, each in the place of one with its key. */
export async function replaceEntries(
  machine: Machine,
  entries: readonly HeldEntry[],
): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  const { program, object } = TOOLS[first.table];
  const lines = entries.map((entry) => `${object} replace ${argumentsOf(entry)}`);
  await carryOutBatch(machine, program, lines);
}

/** Deletes entries of one table, which must all be there. */
export async function deleteEntries(
  machine: Machine,
  entries: readonly HeldEntry[],
): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  const { program, object } = TOOLS[first.table];
  await carryOutBatch(
    machine,
    program,
    entries.map((entry) => `${object} del ${keyOf(entry)}`),
  );
}

/** The program that knows a table, and what it calls the table. */
const TOOLS = {
  neighbour: { program: 'ip', object: 'neigh' },
  fdb: { program: 'bridge', object: 'fdb' },
  route: { program: 'ip', object: 'route' },
  direct: { program: 'ip', object: 'route' },
} as const satisfies Record<HeldEntry['table'], object>;

/** The commands, for `ip -batch` and `bridge -batch`, that program these peers. */
export function peerCommands(peers: readonly Host[]) {
  return {
    neighbours: peers.map((peer) => `neigh replace ${argumentsOf(programmed.neighbour(peer))}`),
    fdb: peers.map((peer) => `fdb replace ${argumentsOf(programmed.fdb(peer))}`),
    routes: peers.map((peer) => `route replace ${argumentsOf(programmed.route(peer))}`),
  } as const;
}

/** The commands, for `ip -batch`, that make the overlay device, without any peer. */
export function deviceCommands(host: Host, port = OVERLAY_PORT): readonly string[] {
  const vxlan = `type vxlan id 1 local ${host.underlayIp} dev ${UNDERLAY_DEVICE}`;
  return [
    `link add ${OVERLAY_DEVICE} address ${host.vtepMac} mtu ${OVERLAY_MTU_BYTES} ${vxlan} dstport ${port} nolearning`,
    ...addressCommands(host),
  ];
}

function addressCommands(host: Host): readonly string[] {
  return [
    `addr replace ${host.tunnelIp}/32 dev ${OVERLAY_DEVICE}`,
    `link set ${OVERLAY_DEVICE} up`,
  ];
}

/** The entries by which a host knows a peer, as `ip` and `bridge` take them. */
function argumentsOf(entry: HeldEntry): string {
  switch (entry.table) {
    case 'neighbour':
      return `${entry.ip} lladdr ${entry.mac} dev ${OVERLAY_DEVICE} nud ${entry.state.toLowerCase()}`;
    case 'fdb':
      return `${entry.mac} dev ${OVERLAY_DEVICE} dst ${entry.destination} self permanent`;
    case 'route':
      return `${entry.destination} via ${entry.gateway} dev ${OVERLAY_DEVICE} onlink`;
    case 'direct':
      return `${entry.destination} via ${entry.gateway}`;
  }
}

/** As much of it as `ip` and `bridge` need to delete it. */
function keyOf(entry: HeldEntry): string {
  switch (entry.table) {
    case 'neighbour':
      return `${entry.ip} dev ${OVERLAY_DEVICE}`;
    case 'fdb':
      return `${entry.mac} dev ${OVERLAY_DEVICE} dst ${entry.destination} self`;
    case 'route':
      return `${entry.destination} via ${entry.gateway} dev ${OVERLAY_DEVICE}`;
    case 'direct':
      return `${entry.destination} via ${entry.gateway}`;
  }
}

/**
 * The CNI configuration that canal installs on every node, as far as it names its plugins: by it
 * one sees from outside which product programs the overlay.
 */
const CANAL_CONFLIST = {
  name: 'k8s-pod-network',
  cniVersion: '0.3.1',
  plugins: [
    {
      type: 'calico',
      datastore_type: 'kubernetes',
      ipam: { type: 'host-local', subnet: 'usePodCidr' },
      policy: { type: 'k8s' },
    },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
};

/** Puts onto a machine the files by which it is known as a node of a canal cluster. */
export async function furnish(machine: Machine): Promise<void> {
  await machine.write(
    '/etc/cni/net.d/10-canal.conflist',
    `${JSON.stringify(CANAL_CONFLIST, undefined, 2)}\n`,
  );
  if (machine.master) await machine.write('/etc/kubernetes/pki/.keep', '');
}
