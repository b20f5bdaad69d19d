import { carryOutBatch } from './carry-out.ts';
import type { Host, Machine } from './machine.ts';
import { ROSTER } from './roster.ts';
import { UNDERLAY_DEVICE } from './underlay.ts';

/** The device of flannel's VNI 1. */
export const OVERLAY_DEVICE = 'flannel.1';

/** The kernel's own VXLAN port, which flannel keeps; IANA's is 4789. */
const OVERLAY_PORT = 8472;

/** The underlay's MTU less the 50 bytes of VXLAN over IPv4. */
const OVERLAY_MTU_BYTES = 1450;

/**
 * What a restart of flanneld does on its host: it makes the device if there is none, gives it its
 * address, and programs every peer. It removes nothing.
 *
 * The device is given its MAC at creation and keeps it (flannel since 0.24.1). For each peer the
 * neighbour comes first and the route last, for a route makes the kernel ask for the neighbour:
 * flannel@cdf76059 pkg/backend/vxlan/vxlan_network.go, handleSubnetEvents.
 */
export async function reprogram(machine: Machine): Promise<void> {
  const found = await machine.run(['ip', 'link', 'show', 'dev', OVERLAY_DEVICE]);
  await carryOutBatch(
    machine,
    'ip',
    found.exit === 0 ? addressCommands(machine) : deviceCommands(machine),
  );

  const peers = peersOf(machine);
  await carryOutBatch(
    machine,
    'ip',
    peers.map((peer) => `neigh replace ${neighbourOf(peer)}`),
  );
  await carryOutBatch(
    machine,
    'bridge',
    peers.map((peer) => `fdb replace ${fdbOf(peer)}`),
  );
  await carryOutBatch(
    machine,
    'ip',
    peers.map((peer) => `route replace ${routeOf(peer)}`),
  );
}

/** The commands, for `ip -batch`, that make the overlay device, without any peer. */
export function deviceCommands(host: Host): readonly string[] {
  const vxlan = `type vxlan id 1 local ${host.underlayIp} dev ${UNDERLAY_DEVICE}`;
  return [
    `link add ${OVERLAY_DEVICE} address ${host.vtepMac} mtu ${OVERLAY_MTU_BYTES} ${vxlan} dstport ${OVERLAY_PORT} nolearning`,
    ...addressCommands(host),
  ];
}

export function peersOf(host: Host): readonly Host[] {
  return ROSTER.filter((peer) => peer.name !== host.name);
}

function addressCommands(host: Host): readonly string[] {
  return [
    `addr replace ${host.tunnelIp}/32 dev ${OVERLAY_DEVICE}`,
    `link set ${OVERLAY_DEVICE} up`,
  ];
}

/** The three entries by which a host knows a peer, as `ip` and `bridge` take them. */
function neighbourOf(peer: Host): string {
  return `${peer.tunnelIp} lladdr ${peer.vtepMac} dev ${OVERLAY_DEVICE} nud permanent`;
}

function fdbOf(peer: Host): string {
  return `${peer.vtepMac} dev ${OVERLAY_DEVICE} dst ${peer.underlayIp} self permanent`;
}

function routeOf(peer: Host): string {
  return `${peer.podCidr} via ${peer.tunnelIp} dev ${OVERLAY_DEVICE} onlink`;
}
