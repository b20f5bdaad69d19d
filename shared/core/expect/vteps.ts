import {
  addressOf,
  type Cidr,
  FAMILIES,
  type Family,
  familyOf,
  type IpAddress,
} from '../addresses.ts';
import type { Device, Vtep } from '../overlay.ts';
import type { Member, ObservedHost } from './member.ts';
import { ownDevice } from './own-device.ts';
import { type Witnesses, witnesses } from './peers.ts';

/**
 * Every node's VTEP, as its peers should hold it. Three truths speak of it: the node's own device, its
 * annotations and spec, and what the peers hold; a fourth, the roster, remembers what earlier runs
 * saw, and comes last, since a silent host may have changed meanwhile.
 *
 * The underlay IP is not the device's to tell: peers are programmed with the `public-ip` annotation,
 * which may rightly differ from the device's `local` address. Without annotations the peers' majority
 * is believed. `peers` are those whose tables may speak for others: by default all that showed any.
 */
export function vtepsOf(
  members: readonly Member[],
  peers: readonly ObservedHost[] = observedOf(members),
): readonly Vtep[] {
  return FAMILIES.flatMap((family) => ofFamily(members, peers, family));
}

export function observedOf(members: readonly Member[]): readonly ObservedHost[] {
  return members.flatMap(({ observed }) => observed ?? []);
}

/** Who else tells of a node, and whether flannel's rule for the tunnel IP holds. */
interface Sources {
  readonly family: Family;
  readonly peers: Witnesses;
  /** Calico's tunnel IPs and blocks have nothing to do with the pod CIDRs of the nodes. */
  readonly calico: boolean;
}

function ofFamily(
  members: readonly Member[],
  believed: readonly ObservedHost[],
  family: Family,
): readonly Vtep[] {
  const peers = witnesses(
    believed.map(({ tables }) => tables),
    family,
  );
  const calico = observedOf(members).some(
    ({ tables }) => ownDevice(tables.devices, family)?.name.startsWith('vxlan') === true,
  );
  const told = members.map((member) => tell(member, { family, peers, calico }));
  // A pod CIDR alone makes no VTEP: flannel may well serve one of a cluster's two families.
  return byElimination(
    told.filter(({ mac }) => mac !== undefined),
    peers,
  );
}

function tell({ listed, remembered, observed, node }: Member, sources: Sources): Vtep {
  const { family, peers, calico } = sources;
  const device = ownDevice(observed?.tables.devices, family);
  const annotated = listed?.annotated.find((one) => one.family === family);
  const before = remembered?.vteps.find((one) => one.family === family);
  const internalIp = listed?.internalIps.find((ip) => familyOf(ip) === family);
  const spec = calico ? undefined : listed?.podCidrs.find((cidr) => familyOf(cidr) === family);
  const address = annotated?.publicIp ?? before?.underlayIp ?? internalIp;
  const mac =
    device?.mac ??
    annotated?.mac ??
    (address === undefined ? undefined : peers.macAt(address)) ??
    before?.mac;
  const underlayIp =
    annotated?.publicIp ??
    (mac === undefined ? undefined : peers.destinationOf(mac)) ??
    before?.underlayIp ??
    device?.local ??
    internalIp;
  const tunnelIp =
    (spec === undefined ? undefined : addressOf(spec)) ??
    ownTunnelIp(device, family) ??
    (mac === undefined ? undefined : peers.tunnelIpOf(mac)) ??
    before?.tunnelIp;
  const podCidr = spec ?? (calico ? undefined : (behind(tunnelIp, peers) ?? before?.podCidr));
  return { node, family, underlayIp, tunnelIp, mac, podCidr };
}

function behind(tunnelIp: IpAddress | undefined, peers: Witnesses): Cidr | undefined {
  return tunnelIp === undefined ? undefined : peers.podCidrBehind(tunnelIp);
}

/** flannel gives its device the network address of the pod CIDR, as a host's address (`/32`). */
function ownTunnelIp(device: Device | undefined, family: Family): IpAddress | undefined {
  const own = device?.addresses.find((address) => familyOf(address) === family);
  return own === undefined ? undefined : addressOf(own);
}

/**
 * A tunnel IP that peers try in vain to resolve, and a node whose tunnel IP nobody knows: where
 * there is exactly one of each, they belong together. This is how the victim of a lost neighbour
 * entry is named when neither its own device nor its annotations were captured.
 */
function byElimination(vteps: readonly Vtep[], peers: Witnesses): readonly Vtep[] {
  const taken = new Set(vteps.map(({ tunnelIp }) => tunnelIp));
  const [address, ...otherAddresses] = peers.unresolved().filter((ip) => !taken.has(ip));
  const nameless = vteps.filter(({ tunnelIp }) => tunnelIp === undefined);
  if (address === undefined || otherAddresses.length > 0 || nameless.length !== 1) return vteps;
  return vteps.map((vtep) =>
    vtep.tunnelIp === undefined
      ? { ...vtep, tunnelIp: address, podCidr: vtep.podCidr ?? peers.podCidrBehind(address) }
      : vtep,
  );
}
