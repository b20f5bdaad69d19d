import type { Problem } from '../../contract/report.ts';
import type { Judgement } from '../judge.ts';
import { groupBy } from '../group.ts';
import {
  type Cidr,
  type Family,
  familyOf,
  type IpAddress,
  isMacAddress,
  isSpecial,
  isUnicastIp,
  isUnicastMac,
  prefixBits,
} from '../overlay/addresses.ts';
import { keysOf } from '../overlay/entries.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { confirmedIn, type Part } from './confirmed.ts';

/** Why no command is made of a VTEP, by kind: never in a host's own words. */
export type Refusal = keyof typeof REASONS;

const REASONS = {
  special:
    'its MAC address, an address or its pod CIDR is of a kind that no node has (zero, loopback, link-local, multicast)',
  length: 'its pod CIDR has another length than those of the other nodes',
  network: 'its pod CIDR is outside the pod network of the other nodes',
  taken: "its pod CIDR overlaps another node's, or the hosts' own network",
  contested: 'another node claims its tunnel IP, MAC address, pod CIDR or underlay IP',
  unconfirmed:
    'its MAC address and addresses are not confirmed: two of node list, own device and peers must agree',
} as const;

export function refusalProblem(node: string, refusal: Refusal): Problem {
  return { where: node, message: `no command puts its entries back: ${REASONS[refusal]}` };
}

/** How many refusals a report has. */
const REFUSALS = 10;

/** The first of many refusals, each once, and how many more there are. */
export function someOf(refused: readonly Problem[]): readonly Problem[] {
  const distinct = [...groupBy(refused, ({ where, message }) => `${where} ${message}`).values()];
  const problems = distinct.flatMap(([problem]) => problem ?? []);
  const more = problems.length - REFUSALS;
  if (more <= 0) return problems;
  const message = `no command puts the entries of ${more} more nodes back`;
  return [...problems.slice(0, REFUSALS), { where: 'commands', message }];
}

/** Pod networks are blocks of at least so many pod CIDRs: a `/16` of `/24`, a `/56` of `/64`. */
const BLOCK_BITS = 8;

/**
 * Why no command may be made of these parts of a VTEP; undefined where one may. What one host claims
 * spoils only what is said of that host: a claim that is not confirmed contests nothing.
 */
export function refusalsIn(
  judgement: Judgement,
): (vtep: Vtep, parts: readonly Part[]) => Refusal | undefined {
  const { vteps } = judgement;
  const isConfirmed = confirmedIn(judgement);
  const podNetworks = podNetworksOf(networksOf(vteps));
  const believed = networksIn(networksOf(vteps.filter((vtep) => isConfirmed(vtep, 'podCidr'))));
  const claimants = claimantsIn(vteps, isConfirmed);
  const underlay = networksIn(underlayOf(judgement));
  return (vtep, parts) => {
    if (isOfSpecialKind(vtep)) return 'special';
    if (!parts.every((part) => isConfirmed(vtep, part))) return 'unconfirmed';
    const isContested = keysIn(vtep).some((key) =>
      (claimants.get(key) ?? []).some(({ node }) => node !== vtep.node),
    );
    if (isContested) return 'contested';
    const range = vtep.podCidr ?? vtep.tunnelIp;
    if (range === undefined) return undefined;
    const misfit = podNetworks[vtep.family].misfitOf(range, vtep.node);
    if (misfit !== undefined) return misfit;
    const bits = prefixBits(range);
    const isTaken =
      underlay[vtep.family](bits) !== undefined ||
      believed[vtep.family](bits, vtep.node) !== undefined;
    return isTaken ? 'taken' : undefined;
  };
}

/**
 * The VTEPs of which no command may be made whatever is wrong, as far as can be said before their parts
 * are confirmed. Most clusters have none, and to confirm every part of thousands takes long.
 */
export function oddVteps(judgement: Judgement): readonly Vtep[] {
  const { vteps } = judgement;
  const own = networksOf(vteps);
  const podNetworks = podNetworksOf(own);
  const pods = networksIn(own);
  const underlay = networksIn(underlayOf(judgement));
  const once = new Set<string>();
  const twice = new Set<string>();
  for (const vtep of vteps) {
    for (const key of keysIn(vtep)) (once.has(key) ? twice : once).add(key);
  }
  return vteps.filter((vtep) => {
    if (isOfSpecialKind(vtep) || keysIn(vtep).some((key) => twice.has(key))) return true;
    const { node, family } = vtep;
    const range = vtep.podCidr ?? vtep.tunnelIp;
    if (range === undefined) return false;
    const bits = prefixBits(range);
    const isTaken = (pods[family](bits, node) ?? underlay[family](bits)) !== undefined;
    return isTaken || podNetworks[family].misfitOf(range, node) !== undefined;
  });
}

/** A node's pod CIDR, or an address or network of the hosts. */
interface Network {
  readonly node: string;
  readonly family: Family;
  /** See `prefixBits`. */
  readonly bits: string;
}

function networksOf(vteps: readonly Vtep[]): readonly Network[] {
  return vteps.flatMap(({ node, family, podCidr }) =>
    podCidr === undefined ? [] : [{ node, family, bits: prefixBits(podCidr) }],
  );
}

/** Finds a network that shares an address with some bits, and is not of a certain node. */
type Overlap = (bits: string, besides?: string) => Network | undefined;

function networksIn(networks: readonly Network[]): Readonly<Record<Family, Overlap>> {
  const ofFamily = (family: Family): Overlap =>
    overlapIn(networks.filter((network) => network.family === family));
  return { ipv4: ofFamily('ipv4'), ipv6: ofFamily('ipv6') };
}

/** Networks within some bits stand side by side in their order; those around them have a beginning of them. */
function overlapIn(networks: readonly Network[]): Overlap {
  const inOrder = networks.toSorted((one, two) => (one.bits < two.bits ? -1 : 1));
  const byBits = groupBy(networks, ({ bits }) => bits);
  const lengths = new Set(networks.map(({ bits }) => bits.length));
  return (bits, besides) => {
    const isOther = ({ node }: Network): boolean => node !== besides;
    for (const length of lengths) {
      const around = length > bits.length ? [] : (byBits.get(bits.slice(0, length)) ?? []);
      const found = around.find(isOther);
      if (found !== undefined) return found;
    }
    for (let at = firstFrom(inOrder, bits); at < inOrder.length; at++) {
      const network = inOrder[at];
      if (network?.bits.startsWith(bits) !== true) return undefined;
      if (isOther(network)) return network;
    }
    return undefined;
  };
}

/** The place of the first network that does not come before the bits. */
function firstFrom(inOrder: readonly Network[], bits: string): number {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((inOrder[middle]?.bits ?? '') < bits) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isOfSpecialKind({ mac, tunnelIp, underlayIp, podCidr }: Vtep): boolean {
  return (
    (mac !== undefined && isMacAddress(mac) && !isUnicastMac(mac)) ||
    [tunnelIp, underlayIp].some((ip) => ip !== undefined && !isUnicastIp(ip)) ||
    (podCidr !== undefined && isSpecial(podCidr))
  );
}

/** The pod CIDRs of a family, and how a range differs from what those of the other nodes have in common. */
interface PodNetworks {
  readonly misfitOf: (range: Cidr | IpAddress, node: string) => Refusal | undefined;
}

function podNetworksOf(networks: readonly Network[]): Readonly<Record<Family, PodNetworks>> {
  const ofFamily = (family: Family): PodNetworks =>
    podNetworksAmong(networks.filter((network) => network.family === family));
  return { ipv4: ofFamily('ipv4'), ipv6: ofFamily('ipv6') };
}

/** What all but one have in common follows from what those before it and those behind it have. */
function podNetworksAmong(networks: readonly Network[]): PodNetworks {
  const places = new Map(networks.map(({ node }, at) => [node, at]));
  const texts = networks.map(({ bits }) => bits);
  const before = commonBeginnings(texts);
  const behind = commonBeginnings(texts.toReversed());
  const lengths = [...groupBy(texts, ({ length }) => String(length)).values()]
    .map((alike) => ({ length: alike[0]?.length ?? 0, count: alike.length }))
    .toSorted((one, two) => two.count - one.count);
  const usualLength = (own: number | undefined): number | undefined => {
    const [most, second] = lengths;
    if (most === undefined || most.length !== own) return most?.length;
    const others = most.count - 1;
    if (second !== undefined && second.count > others) return second.length;
    return others === 0 ? undefined : most.length;
  };
  return {
    misfitOf: (range, node) => {
      const at = places.get(node);
      const length = usualLength(at === undefined ? undefined : texts[at]?.length);
      // Where no other is known, nothing can be said.
      if (length === undefined) return undefined;
      const own = prefixBits(range);
      if (range.includes('/') && own.length !== length) return 'length';
      const common =
        at === undefined
          ? before.at(-1)
          : commonBeginning(before[at - 1], behind[texts.length - at - 2]);
      const network = common?.slice(0, Math.max(0, length - BLOCK_BITS)) ?? '';
      return own.startsWith(network) ? undefined : 'network';
    },
  };
}

/** What the first texts have in common: the first one, the first two, and so on. */
function commonBeginnings(texts: readonly string[]): readonly string[] {
  let common: string | undefined;
  return texts.map((text) => (common = commonBeginning(common, text) ?? text));
}

/** Where there is one text alone, all of it. */
function commonBeginning(one: string | undefined, two: string | undefined): string | undefined {
  if (one === undefined || two === undefined) return one ?? two;
  let length = 0;
  while (length < one.length && one[length] === two[length]) length++;
  return one.slice(0, length);
}

function claimantsIn(
  vteps: readonly Vtep[],
  isConfirmed: (vtep: Vtep, part: Part) => boolean,
): ReadonlyMap<string, readonly { readonly node: string }[]> {
  return groupBy(
    vteps.flatMap((vtep) =>
      (['podCidr', 'tunnelIp', 'mac', 'underlayIp'] as const).flatMap((part) =>
        vtep[part] !== undefined && isConfirmed(vtep, part)
          ? [{ key: part === 'underlayIp' ? underlayKey(vtep[part]) : vtep[part], node: vtep.node }]
          : [],
      ),
    ),
    ({ key }) => key,
  );
}

/** What no two nodes can have. */
function keysIn(vtep: Vtep): readonly string[] {
  const { underlayIp } = vtep;
  const keys = Object.values(keysOf(vtep)).filter((key) => key !== undefined);
  return underlayIp === undefined ? keys : [...keys, underlayKey(underlayIp)];
}

/** What is a tunnel IP may be an address of a host as well. */
function underlayKey(underlayIp: IpAddress): string {
  return `underlay ${underlayIp}`;
}

/**
 * The hosts' own addresses and networks: those that the list holds, and the networks that two hosts
 * share. What a single host says of its own network could spoil the commands for another.
 */
function underlayOf({ members }: Judgement): readonly Network[] {
  const listed = members.flatMap(({ node, listed: known }) =>
    (known?.internalIps ?? []).map((range) => ({ node, range })),
  );
  const subnets = members.flatMap(({ node, observed }) =>
    (observed?.digest?.subnets ?? []).map((range) => ({ node, range })),
  );
  const shared = [...groupBy(subnets, ({ range }) => range).values()].flatMap((hosts) =>
    new Set(hosts.map(({ node }) => node)).size < 2 ? [] : hosts.slice(0, 1),
  );
  return [...listed, ...shared].map(({ node, range }) => ({
    node,
    family: familyOf(range),
    bits: prefixBits(range),
  }));
}
