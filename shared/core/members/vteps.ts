import {
  addressOf,
  type Cidr,
  FAMILIES,
  type Family,
  familyOf,
  type IpAddress,
  networkOf,
  parseCidr,
} from '../overlay/addresses.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';
import { type Member, type ObservedHost, ownDevice, profileIn } from './member.ts';
import { wrongUnderlays, isUnderlayOpen, ownUnderlay } from './underlay.ts';
import { type Agreement, type PeerClaims, peerClaims } from './peers.ts';

/**
 * Every node's VTEP, as its peers should hold it. Three truths speak of it: the node's own device, its
 * annotations and spec, and what the peers hold; a fourth, the roster, remembers what earlier runs
 * saw, and comes last, since a silent host may have changed meanwhile.
 *
 * The device does not decide the underlay IP: peers are programmed with the `public-ip` annotation,
 * which may rightly differ from the device's `local` address. Without annotations the peers' majority
 * is believed, unless the roster contradicts it (`against`). `peers` are those whose tables may speak
 * for others: by default all that showed any.
 */
export function vtepsOf(
  members: readonly Member[],
  peers: readonly ObservedHost[] = observedOf(members),
): readonly Vtep[] {
  const profile = profileIn(members);
  return FAMILIES.flatMap((family) => ofFamily(members, peers, { family, profile }));
}

export function observedOf(members: readonly Member[]): readonly ObservedHost[] {
  return members.flatMap(({ observed }) => observed ?? []);
}

interface Overlay {
  readonly family: Family;
  readonly profile: Profile;
}

function ofFamily(
  members: readonly Member[],
  believed: readonly ObservedHost[],
  { family, profile }: Overlay,
): readonly Vtep[] {
  const peers = peerClaims(
    believed.map(({ tables }) => tables),
    family,
  );
  const followsPodCidrs = profile.tunnelIp === 'pod-cidr' && followsList(members, family);
  const foreign = wrongUnderlays(members, family);
  const known = members
    .map((member) => vtepOf(member, { family, profile, peers, followsPodCidrs, foreign }))
    // A pod CIDR alone makes no VTEP: flannel may well serve one of a cluster's two families.
    .filter(({ mac }) => mac !== undefined);
  const vteps = byElimination(known, peers);
  return profile.tunnelIp === 'pod-cidr' ? withPodCidrs(vteps) : vteps;
}

/** Who else knows of a node, and what its overlay makes of its pod CIDR. */
interface Sources extends Overlay {
  readonly peers: PeerClaims;
  /** Whether the overlay uses the pod CIDRs of the node list. */
  readonly followsPodCidrs: boolean;
  /** What peers are given for nodes that do not have it. */
  readonly foreign: ReadonlyMap<string, IpAddress>;
}

/**
 * flannel leases its subnets from Kubernetes, where it annotates the nodes, or from an etcd of its own:
 * then `spec.podCIDR` has nothing to do with it (flannel main.go, newSubnetManager). Without annotations
 * the hosts' own devices say which.
 */
export function followsList(members: readonly Member[], family: Family): boolean {
  if (members.some(({ listed }) => (listed?.annotated.length ?? 0) > 0)) return true;
  const agreeing = members.flatMap(({ listed, observed }) => {
    const spec = listed?.podCidrs.find((cidr) => familyOf(cidr) === family);
    const own = ownTunnelIp(ownDevice(observed?.tables.devices, family), family);
    return spec === undefined || own === undefined ? [] : [addressOf(spec) === own];
  });
  return agreeing.filter(Boolean).length * 2 >= agreeing.length;
}

function vtepOf(
  member: Member,
  { family, profile, peers, followsPodCidrs, foreign }: Sources,
): Vtep {
  const { listed, remembered, observed, node } = member;
  const device = ownDevice(observed?.tables.devices, family);
  const annotated = listed?.annotated.find((one) => one.family === family);
  const before = remembered?.vteps.find((one) => one.family === family);
  const internalIp = listed?.internalIps.find((ip) => familyOf(ip) === family);
  const podCidrs = followsPodCidrs ? listed?.podCidrs : undefined;
  const spec = podCidrs?.find((cidr) => familyOf(cidr) === family);
  const address = annotated?.publicIp ?? before?.underlayIp ?? internalIp;
  const mac =
    device?.mac ?? annotated?.mac ?? against({ roster: before?.mac }, peers.macAt(address));
  const given =
    (foreign.has(node) ? ownUnderlay(member, family) : undefined) ??
    annotated?.publicIp ??
    against(
      { roster: before?.underlayIp, device: device?.local },
      peers.part('underlayIp', 'mac', mac),
    ) ??
    device?.local ??
    internalIp;
  const underlayIp = isUnderlayOpen(member, family) ? undefined : given;
  const tunnelIp =
    (spec === undefined ? undefined : addressOf(spec)) ??
    ownTunnelIp(device, family) ??
    against({ roster: before?.tunnelIp }, peers.part('tunnelIp', 'mac', mac));
  const podCidr = spec ?? (profile.routes === 'pod-cidr' ? routedCidr(tunnelIp) : undefined);
  return { node, family, underlayIp, tunnelIp, mac, podCidr };

  function routedCidr(gateway: IpAddress | undefined): Cidr | undefined {
    const held = peers.part('podCidr', 'tunnelIp', gateway);
    // Of another tunnel IP the roster has another pod CIDR.
    return before?.tunnelIp === gateway
      ? against({ roster: before?.podCidr }, held)
      : (held?.value ?? before?.podCidr);
  }
}

/** How many agreeing witnesses outvote the roster: the peers that hold a value, and the node's own device. */
const WITNESSES = 3;

/**
 * What peers hold, or what the roster remembers where they contradict it and must not outvote it. The
 * roster yields where the node's own device and all peers that were read agree, however few these are.
 * Where the device has what the roster has, no number of peers outvotes the two.
 */
function against<T>(
  { roster, device }: { readonly roster: T | undefined; readonly device?: T | undefined },
  held: Agreement<T | undefined> | undefined,
): T | undefined {
  if (held === undefined || roster === undefined) return held?.value ?? roster;
  if (device === roster) return roster;
  const isOwn = device === held.value;
  const witnesses = held.hosts + (isOwn ? 1 : 0);
  return (isOwn && held.isUnanimous) || witnesses >= WITNESSES ? held.value : roster;
}

const HOST_LENGTHS = { ipv4: '/32', ipv6: '/128' } as const;

/**
 * flannel and Calico give their device one host's address: `/32`, or `/128`. Another one, as a DHCP
 * client leaves it there, is no tunnel IP.
 */
export function ownTunnelIp(device: Device | undefined, family: Family): IpAddress | undefined {
  const own = device?.addresses.find(
    (address) => familyOf(address) === family && address.endsWith(HOST_LENGTHS[family]),
  );
  return own === undefined ? undefined : addressOf(own);
}

/**
 * A tunnel IP that peers try in vain to resolve, and a node whose tunnel IP nobody knows: where
 * there is exactly one of each, they belong together. This is how the victim of a lost neighbour
 * entry is named when neither its own device nor its annotations were captured.
 */
function byElimination(vteps: readonly Vtep[], peers: PeerClaims): readonly Vtep[] {
  const taken = new Set(vteps.map(({ tunnelIp }) => tunnelIp));
  const [address, ...otherAddresses] = peers.unresolved().filter((ip) => !taken.has(ip));
  const nameless = vteps.filter(({ tunnelIp }) => tunnelIp === undefined);
  if (address === undefined || otherAddresses.length > 0 || nameless.length !== 1) return vteps;
  return vteps.map((vtep) =>
    vtep.tunnelIp === undefined
      ? {
          ...vtep,
          tunnelIp: address,
          podCidr: vtep.podCidr ?? peers.part('podCidr', 'tunnelIp', address)?.value,
        }
      : vtep,
  );
}

/**
 * A pod CIDR that no list holds, and to which no peer has a route any more. flannel makes the tunnel IP
 * of its network address, and all pod CIDRs of a cluster have one length (`SubnetLen` in flannel's
 * net-conf.json, or `--node-cidr-mask-size` of kube-controller-manager).
 */
function withPodCidrs(vteps: readonly Vtep[]): readonly Vtep[] {
  const lengths = new Set(vteps.flatMap(({ podCidr }) => podCidr?.split('/')[1] ?? []));
  const [length, ...others] = lengths;
  if (length === undefined || others.length > 0) return vteps;
  return vteps.map((vtep) => {
    if (vtep.podCidr !== undefined || vtep.tunnelIp === undefined) return vtep;
    const cidr = parseCidr(`${vtep.tunnelIp}/${length}`);
    return cidr !== undefined && networkOf(cidr) === cidr ? { ...vtep, podCidr: cidr } : vtep;
  });
}
