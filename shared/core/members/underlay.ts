/**
 * Which underlay IP a node really has, where the one that its peers are given is none of its own: a virtual
 * IP that moved to another host, an address from before DHCP gave another one, the wrong interface.
 */
import { addressOf, type Family, familyOf, type IpAddress } from '../overlay/addresses.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { type Member, ownDevice } from './member.ts';

/** Without it a listing has not all of the host's addresses, as that of one device. */
const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1' } as const;

/**
 * What a node's peers are given as its underlay IP, by the node list: flannel's annotation, or Calico's.
 * Undefined where a person has set it: then it may be any address that leads to the node.
 */
function publishedBy(member: Member, family: Family): IpAddress | undefined {
  const annotated = member.listed?.annotated.find((one) => one.family === family);
  return annotated?.overwrite === undefined ? publicAddressOf(member, family) : undefined;
}

/** The same, whatever has set it. */
export function publicAddressOf({ listed }: Member, family: Family): IpAddress | undefined {
  const annotated = listed?.annotated.find((one) => one.family === family);
  const calico = listed?.calico?.find((one) => one.family === family)?.address;
  return annotated?.publicIp ?? (calico === undefined ? undefined : addressOf(calico));
}

/** Whether an interface of the node's host has an address; undefined where not all of them are known. */
export function hasAddress(member: Member, address: IpAddress): boolean | undefined {
  const { observed } = member;
  const local = ownDevice(observed?.tables.devices, familyOf(address))?.local;
  if (local === address || observed?.tables.ownAddresses?.has(address) === true) return true;
  return isForeign(member, address) ? false : undefined;
}

/** Whether all addresses of the node's interfaces are known, and this is none of them. */
function isForeign({ observed }: Member, address: IpAddress): boolean {
  const own = observed?.tables.ownAddresses;
  return own?.has(LOOPBACK[familyOf(address)]) === true && !own.has(address);
}

/**
 * The nodes of whose interfaces none has what their peers are given, each with that address. Where most nodes
 * of flannel are given such an address, flannel's --public-ip has set it so.
 */
export function foreignUnderlays(
  members: readonly Member[],
  family: Family,
): ReadonlyMap<string, IpAddress> {
  const given = members.flatMap((member) => {
    const address = publishedBy(member, family);
    return address === undefined || member.observed?.tables.ownAddresses === undefined
      ? []
      : [{ member, address }];
  });
  const foreign = given.filter(({ member, address }) => isForeign(member, address));
  const isOfFlannel = foreign.some(({ member }) => (member.listed?.annotated.length ?? 0) > 0);
  if (isOfFlannel && foreign.length * 2 > given.length) return new Map();
  return new Map(foreign.map(({ member, address }) => [member.node, address]));
}

/**
 * The same where no list says what peers are given: what they send to, by `vteps`. Nobody knows whether a
 * person has set such an address, so it is no finding. A public one, or one that most nodes have, mostly is.
 */
export function foreignWithoutList(
  members: readonly Member[],
  vteps: readonly Vtep[],
): ReadonlyMap<string, IpAddress> {
  const unlisted = new Map(
    members.flatMap((one) => (one.listed === undefined ? [[one.node, one] as const] : [])),
  );
  const given = vteps.flatMap(({ node, underlayIp }) => {
    const member = unlisted.get(node);
    return member === undefined || underlayIp === undefined ? [] : [{ member, underlayIp }];
  });
  const foreign = given.filter(
    ({ member, underlayIp }) =>
      isPrivate(underlayIp) &&
      isForeign(member, underlayIp) &&
      ownUnderlay(member, familyOf(underlayIp)) !== undefined,
  );
  if (foreign.length * 2 > given.length) return new Map();
  return new Map(foreign.map(({ member, underlayIp }) => [member.node, underlayIp]));
}

/** Those of `foreignUnderlays` that are wrong for certain: a public address may be that of a NAT before the node. */
export function wrongUnderlays(
  members: readonly Member[],
  family: Family,
): ReadonlyMap<string, IpAddress> {
  return new Map(
    [...foreignUnderlays(members, family)].filter(([, address]) => isPrivate(address)),
  );
}

/** RFC 1918, RFC 6598 and RFC 4193. */
function isPrivate(address: IpAddress): boolean {
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/.test(
    address,
  );
}

/** An address that the node does have, and by which its device or the kubelet knows it. */
export function ownUnderlay({ listed, observed }: Member, family: Family): IpAddress | undefined {
  const own = observed?.tables.ownAddresses;
  const local = ownDevice(observed?.tables.devices, family)?.local;
  return [local, ...(listed?.internalIps ?? [])].find(
    (address) => address !== undefined && familyOf(address) === family && own?.has(address),
  );
}

/**
 * Whether the list has another underlay IP of a silent node than the last run that saw its host. That run may
 * have known better, and so may the list: nobody knows which address the node has now.
 */
export function isUnderlayOpen(member: Member, family: Family): boolean {
  const before = member.remembered?.vteps.find((one) => one.family === family)?.underlayIp;
  const published = publishedBy(member, family);
  return (
    member.observed === undefined &&
    before !== undefined &&
    published !== undefined &&
    before !== published
  );
}
