import { addressOf, type Cidr, type Family, familyOf, type IpAddress } from '../addresses.ts';
import type { Device, Vtep } from '../overlay.ts';
import type { Member } from './member.ts';
import { ownDevice } from './own-device.ts';
import { type Witnesses, witnesses } from './peers.ts';

/**
 * Every node's VTEP, as its peers should hold it. Three truths speak of it, and each field is taken
 * from the first that knows: the node's own device, its annotations and spec, what earlier runs saw
 * (the roster), and what the peers hold. The underlay IP is the exception: peers are programmed with
 * the `public-ip` annotation, which may rightly differ from the device's `local` address.
 */
export function vtepsOf(members: readonly Member[]): readonly Vtep[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => ofFamily(members, family));
}

function ofFamily(members: readonly Member[], family: Family): readonly Vtep[] {
  const observers = members.flatMap(({ observed }) => (observed === undefined ? [] : [observed]));
  const peers = witnesses(
    observers.map(({ tables }) => tables),
    family,
  );
  const told = members.map((member) => tell(member, family, peers));
  const known = told.filter(({ mac, tunnelIp }) => mac !== undefined || tunnelIp !== undefined);
  return byElimination(known, peers);
}

function tell(member: Member, family: Family, peers: Witnesses): Vtep {
  const { listed, remembered, observed, node } = member;
  const device = ownDevice(observed?.tables.devices, family);
  const annotated = listed?.annotated.find((one) => one.family === family);
  const before = remembered?.vteps.find((one) => one.family === family);
  const spec = listed?.podCidrs.find((cidr) => familyOf(cidr) === family);
  const underlayIp =
    annotated?.publicIp ??
    device?.local ??
    before?.underlayIp ??
    listed?.internalIps.find((ip) => familyOf(ip) === family);
  const mac =
    device?.mac ??
    annotated?.mac ??
    before?.mac ??
    (underlayIp === undefined ? undefined : peers.macAt(underlayIp));
  const tunnelIp =
    ownTunnelIp(device, family) ??
    (spec === undefined ? undefined : addressOf(spec)) ??
    before?.tunnelIp ??
    (mac === undefined ? undefined : peers.tunnelIpOf(mac));
  const podCidr = spec ?? before?.podCidr ?? behind(tunnelIp, peers);
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
