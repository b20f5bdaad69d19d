import type { Problem } from '../../contract/report.ts';
import type { Judgement } from '../judge.ts';
import { groupBy, majority } from '../group.ts';
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
  overlap: "its pod CIDR overlaps another node's, or the hosts' own network",
  contested: 'another node claims its tunnel IP, MAC address or pod CIDR',
  unconfirmed:
    'its MAC address and addresses are not confirmed: two of node list, own device and peers must agree',
} as const;

export function refusalProblem(node: string, refusal: Refusal): Problem {
  return { where: node, message: `no command puts its entries back: ${REASONS[refusal]}` };
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
  const podNetworks = networksOf(vteps);
  const believed = networksOf(vteps.filter((vtep) => isConfirmed(vtep, 'podCidr')));
  const claimants = claimantsIn(vteps, isConfirmed);
  const underlay = underlayOf(judgement);
  return (vtep, parts) => {
    if (isOfSpecialKind(vtep)) return 'special';
    if (!parts.every((part) => isConfirmed(vtep, part))) return 'unconfirmed';
    const isContested = keysIn(vtep).some((key) =>
      (claimants.get(key) ?? []).some(({ node }) => node !== vtep.node),
    );
    if (isContested) return 'contested';
    const range = vtep.podCidr ?? vtep.tunnelIp;
    if (range === undefined) return undefined;
    const isOther = ({ node, family }: Network): boolean =>
      node !== vtep.node && family === vtep.family;
    const misfit = misfitOf(range, podNetworks.filter(isOther));
    if (misfit !== undefined) return misfit;
    const bits = prefixBits(range);
    const isTaken =
      underlay.some((own) => own.family === vtep.family && sharesAddress(own.bits, bits)) ||
      believed.some((other) => isOther(other) && sharesAddress(other.bits, bits));
    return isTaken ? 'overlap' : undefined;
  };
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

function sharesAddress(one: string, two: string): boolean {
  return one.startsWith(two) || two.startsWith(one);
}

function isOfSpecialKind({ mac, tunnelIp, underlayIp, podCidr }: Vtep): boolean {
  return (
    (mac !== undefined && isMacAddress(mac) && !isUnicastMac(mac)) ||
    [tunnelIp, underlayIp].some((ip) => ip !== undefined && !isUnicastIp(ip)) ||
    (podCidr !== undefined && isSpecial(podCidr))
  );
}

/** How a range differs from what the others have in common. Where no other is known, nothing can be said. */
function misfitOf(range: Cidr | IpAddress, others: readonly Network[]): Refusal | undefined {
  const length = majority(others.map(({ bits }) => bits.length));
  if (length === undefined) return undefined;
  const own = prefixBits(range);
  if (range.includes('/') && own.length !== length) return 'length';
  const common = commonPrefix(others.map(({ bits }) => bits));
  const network = common.slice(0, Math.max(0, length - BLOCK_BITS));
  return own.startsWith(network) ? undefined : 'network';
}

function commonPrefix(texts: readonly string[]): string {
  const [first = ''] = texts;
  let length = first.length;
  for (const text of texts) {
    while (!text.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

function claimantsIn(
  vteps: readonly Vtep[],
  isConfirmed: (vtep: Vtep, part: Part) => boolean,
): ReadonlyMap<string, readonly { readonly node: string }[]> {
  return groupBy(
    vteps.flatMap((vtep) =>
      (['podCidr', 'tunnelIp', 'mac'] as const).flatMap((part) =>
        vtep[part] !== undefined && isConfirmed(vtep, part)
          ? [{ key: vtep[part], node: vtep.node }]
          : [],
      ),
    ),
    ({ key }) => key,
  );
}

function keysIn(vtep: Vtep): readonly string[] {
  return Object.values(keysOf(vtep)).filter((key) => key !== undefined);
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
