/** Nodes that claim one thing of which each must have its own, and which of them is known to be wrong. */
import { groupBy } from '../group.ts';
import {
  type Condition,
  NAMED_NODES,
  type Presence,
  type SettledNodes,
} from '../matrix/conditions.ts';
import { type Member, ownDevice, profileIn } from '../members/member.ts';
import { hasAddress, publicAddressOf } from '../members/underlay.ts';
import { ownTunnelIp } from '../members/vteps.ts';
import {
  type Cidr,
  FAMILIES,
  type Family,
  familyOf,
  type IpAddress,
  isUnicastMac,
  prefixBits,
} from '../overlay/addresses.ts';
import { deviceFamily } from '../overlay/profile.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { enumerate } from '../plain-text.ts';

/** What a node has, or is known by. */
interface Claim<T extends string = string> {
  readonly member: Member;
  readonly family: Family;
  readonly value: T;
  /** This run saw it; otherwise list or earlier runs have it of a silent host. */
  readonly isSeen: boolean;
}

/**
 * What shows that some of several claimants are wrong: those of which it holds, where it does not hold of all.
 * The first clue that separates them decides. A host can make its own claim look right, but not another's
 * look wrong.
 */
interface Clue<T extends string> {
  readonly isWrong: (claim: Claim<T>, all: readonly Claim<T>[]) => boolean;
  /** One line of evidence. */
  readonly text: (wrong: string, others: string) => string;
}

/** How claims to one kind of thing are compared. */
interface Comparison<T extends string> {
  /** `a pod CIDR`, of which claims of one group are called `one` or `within another`. */
  readonly called: string;
  /** Claims of one group exclude each other. */
  readonly groupOf: (claim: Claim<T>) => string;
  readonly clues: readonly Clue<T>[];
  /** What the node's host shows once its claim is over. */
  readonly checkOf: (claim: Claim<T>) => Presence['check'];
  /** What takes the claim back on the node's host, where a command can. */
  readonly removalsOf?: (claim: Claim<T>) => Presence['removals'];
}

/**
 * Nodes with one pod CIDR, or of which the pod CIDR of one contains that of another. flannel knows a lease by
 * its subnet: the last of two that it hears of takes the entries of the other, and a node skips a lease that
 * equals its own (pkg/subnet/lease, sameSubnet).
 */
export function withSamePodCidr(nodes: SettledNodes): Condition {
  const claims = podCidrClaims(nodes);
  const widestOf = widestIn(claims.map(({ value }) => value));
  const usual = usualLengths(claims);
  return sharedBy(nodes, claims, {
    called: 'pod CIDR',
    groupOf: ({ value }) => widestOf(value),
    clues: [
      {
        isWrong: ({ member, family, value }) => {
          const own = ownTunnelIp(ownDevice(member.observed?.tables.devices, family), family);
          return own !== undefined && own !== networkAddress(value);
        },
        text: (wrong) => `the VXLAN device on ${wrong} has a tunnel IP of another pod CIDR`,
      },
      {
        isWrong: ({ family, value }) => lengthOf(value) !== usual.get(family),
        text: (wrong) => `the pod CIDR of ${wrong} has another length than those of most nodes`,
      },
      wasKnownByAnother((vtep) => vtep.podCidr ?? vtep.tunnelIp),
      isYounger(),
    ],
    checkOf: ({ member, family, value }) => {
      const device = ownDevice(member.observed?.tables.devices, family);
      return device === undefined
        ? undefined
        : {
            command: `ip -o addr show dev ${device.name}`,
            shows: `another tunnel IP than ${networkAddress(value)}`,
          };
    },
  });
}

function podCidrClaims({ members, vteps }: SettledNodes): readonly Claim<Cidr | IpAddress>[] {
  if (profileIn(members).tunnelIp !== 'pod-cidr') return [];
  const byNode = new Map(members.map((member) => [member.node, member]));
  return vteps.flatMap(({ node, family, podCidr, tunnelIp }) => {
    const member = byNode.get(node);
    const value = podCidr ?? tunnelIp;
    if (member === undefined || value === undefined) return [];
    const { observed, listed, isListKept } = member;
    const isListed = isListKept !== true && listed?.podCidrs.some((one) => one === value) === true;
    return [{ member, family, value, isSeen: observed !== undefined || isListed }];
  });
}

function networkAddress(range: Cidr | IpAddress): string {
  return range.split('/')[0] ?? range;
}

/** The widest of these networks that a network lies in, as text. */
function widestIn(ranges: readonly (Cidr | IpAddress)[]): (range: Cidr | IpAddress) => string {
  const lengths = [...new Set(ranges.map(lengthOf))].toSorted((one, two) => one - two);
  // Of one length, none contains another one.
  if (lengths.length < 2) return (range) => range;
  const known = new Set(ranges.map((range) => `${familyOf(range)} ${prefixBits(range)}`));
  return (range) => {
    const [family, bits] = [familyOf(range), prefixBits(range)];
    const around = lengths.find((length) => known.has(`${family} ${bits.slice(0, length)}`));
    return `${family} ${bits.slice(0, around)}`;
  };
}

/** How many bits all addresses of a network have in common. */
function lengthOf(range: Cidr | IpAddress): number {
  const [, length] = range.split('/');
  return length === undefined ? prefixBits(range).length : Number(length);
}

/** By family, the length that more than half of the pod CIDRs have. */
function usualLengths(claims: readonly Claim<Cidr | IpAddress>[]): ReadonlyMap<Family, number> {
  return new Map(
    FAMILIES.flatMap((family) => {
      const some = claims.filter((claim) => claim.family === family);
      const alike = [...groupBy(some, ({ value }) => String(lengthOf(value)))];
      const usual = alike.find(([, these]) => these.length * 2 > some.length);
      return usual === undefined ? [] : [[family, Number(usual[0])] as const];
    }),
  );
}

/**
 * Nodes whose VXLAN devices, or whose annotations, have one MAC address, as cloned machines do: the FDB of every
 * other node has one underlay IP for it.
 */
export function withSameMac(nodes: SettledNodes): Condition {
  return sharedBy(nodes, macClaims(nodes), {
    called: 'MAC address',
    groupOf: ({ family, value }) => `${family} ${value}`,
    clues: [
      {
        isWrong: ({ member, family, value }) =>
          annotatedMacs(member, family).some((mac) => mac !== value),
        text: (wrong) => `the node annotation of ${wrong} has another MAC address`,
      },
      {
        isWrong: ({ member, family, value }) =>
          devicesOf(member, family).every(({ mac }) => mac !== value),
        text: (wrong) => `the VXLAN device on ${wrong} has another MAC address`,
      },
      {
        isWrong: ({ member }) => nodes.contradicted.has(member.node),
        text: (wrong) => `the other nodes hold another MAC address for ${wrong}`,
      },
      wasKnownByAnother(({ mac }) => mac),
      isYounger(),
    ],
    checkOf: ({ member, family, value }) => {
      const device = devicesOf(member, family).find(({ mac }) => mac === value);
      return device === undefined
        ? undefined
        : {
            command: `ip -o link show dev ${device.name}`,
            shows: `another MAC address than ${value}`,
          };
    },
    removalsOf: ({ member, family, value }) =>
      devicesOf(member, family)
        .filter(({ mac }) => mac === value)
        .map(({ name }) => ({ command: newMacCommand(name), of: [] })),
  });
}

/**
 * A random address that is locally administered: of the first byte only these bits are fixed. flannel publishes
 * the address of the device that it finds; one that is made anew gets that of the annotation again.
 */
function newMacCommand(device: string): string {
  return `ip link set dev ${device} address 02$(printf :%s $(od -An -N5 -tx1 /dev/urandom))`;
}

function macClaims({ members }: SettledNodes): readonly Claim[] {
  return members.flatMap((member) =>
    FAMILIES.flatMap((family) => {
      const own = devicesOf(member, family).flatMap(({ mac }) => mac ?? []);
      const before = member.remembered?.vteps.find((one) => one.family === family)?.mac;
      const isSeen = own.length > 0;
      const values = new Set([...own, ...annotatedMacs(member, family)]);
      if (!isSeen && before !== undefined) values.add(before);
      // One that is masked or broken may be any.
      return [...values].filter(isUnicastMac).map((value) => ({ member, family, value, isSeen }));
    }),
  );
}

function devicesOf({ observed }: Member, family: Family): readonly Device[] {
  return (observed?.tables.devices ?? []).filter(({ name }) => deviceFamily(name) === family);
}

function annotatedMacs({ listed }: Member, family: Family): readonly string[] {
  return (listed?.annotated ?? []).flatMap((one) => (one.family === family ? (one.mac ?? []) : []));
}

/** Nodes that publish one underlay IP: packets for the one arrive at the other, or never leave a host. */
export function withSameUnderlay(nodes: SettledNodes): Condition {
  return sharedBy(nodes, underlayClaims(nodes), {
    called: 'host address (underlay IP)',
    groupOf: ({ value }) => value,
    clues: [
      {
        isWrong: ({ member, value }) => hasAddress(member, value) === false,
        text: (wrong) => `no interface of ${wrong} has it`,
      },
      wasKnownByAnother(({ underlayIp }) => underlayIp),
      // Where each has it, as that of a NAT before a virtual machine, it is right for none.
      isYounger((all) => all.some(({ member, value }) => hasAddress(member, value) !== true)),
    ],
    checkOf: () => undefined,
  });
}

function underlayClaims({ members, vteps }: SettledNodes): readonly Claim<IpAddress>[] {
  const known = new Map(vteps.map((vtep) => [`${vtep.family} ${vtep.node}`, vtep.underlayIp]));
  const claims = members.flatMap((member) =>
    FAMILIES.flatMap((family) => {
      const published = publicAddressOf(member, family);
      const value = published ?? known.get(`${family} ${member.node}`);
      if (value === undefined) return [];
      const isOwn = published !== undefined || hasAddress(member, value) === true;
      return [{ member, family, value, isSeen: member.observed !== undefined, isOwn }];
    }),
  );
  // What only other nodes hold of several, and none of these has, may be wrong on those that hold it.
  const owned = new Set(claims.filter(({ isOwn }) => isOwn).map(({ value }) => value));
  return claims.filter(({ value }) => owned.has(value));
}

/** Of claimants of whom earlier runs knew some by it, the others came later. */
function wasKnownByAnother<T extends string>(partOf: (vtep: Vtep) => string | undefined): Clue<T> {
  return {
    isWrong: ({ member, family, value }) =>
      member.remembered?.vteps.some((vtep) => vtep.family === family && partOf(vtep) === value) !==
      true,
    text: (_wrong, others) => `earlier runs know ${others} by it`,
  };
}

/** Of claimants whose nodes are known to have joined at different times, all but the first. */
function isYounger<T extends string>(
  applies: (all: readonly Claim<T>[]) => boolean = () => true,
): Clue<T> {
  return {
    isWrong: ({ member }, all) => {
      const times = all.map((claim) => claim.member.listed?.createdAt ?? Number.NaN);
      return applies(all) && (member.listed?.createdAt ?? Number.NaN) > Math.min(...times);
    },
    text: (wrong, others) => `${wrong} joined the cluster after ${others}`,
  };
}

/**
 * One state for each value that several nodes claim. Where nothing shows who is wrong, two claimants are one
 * state, of the first by name, and more of them are in it together.
 */
function sharedBy<T extends string>(
  { members }: SettledNodes,
  claims: readonly Claim<T>[],
  comparison: Comparison<T>,
): Condition {
  const present = new Map<string, Presence>();
  const known = new Set(claims.filter(({ isSeen }) => isSeen).map(({ member }) => member.node));
  for (const all of groupBy(claims, comparison.groupOf).values()) {
    if (namesOf(all).length < 2) continue;
    const seen = all.filter(({ isSeen }) => isSeen);
    const names = namesOf(seen);
    if (names.length < 2) {
      // Another node's host may claim it still, and is silent.
      for (const name of names) known.delete(name);
      continue;
    }
    for (const [node, presence] of presencesOf(seen, comparison)) {
      const before = present.get(node);
      present.set(node, before === undefined ? presence : joined(before, presence));
    }
  }
  return { present, known: known.intersection(new Set(members.map(({ node }) => node))) };
}

function presencesOf<T extends string>(
  claims: readonly Claim<T>[],
  { called, clues, checkOf, removalsOf }: Comparison<T>,
): readonly (readonly [string, Presence])[] {
  const names = namesOf(claims);
  const values = [...new Set(claims.map(({ value }) => value))].slice(0, NAMED_NODES).join(', ');
  const shared = new Set(claims.map(({ value }) => value)).size === 1;
  const fact = `${enumerate(names, NAMED_NODES)} have ${shared ? `one ${called}` : `a ${called} within another`}: ${values}`;
  const decided = decide(claims, clues);
  const accused = decided?.wrong ?? (names.length === 2 ? names.slice(0, 1) : names);
  return accused.map((node) => {
    const own = claims.filter(({ member }) => member.node === node);
    const [check] = own.flatMap((claim) => checkOf(claim) ?? []);
    const removals = own.flatMap((claim) => removalsOf?.(claim) ?? []);
    return [
      node,
      {
        beside: names.filter((name) => name !== node).slice(0, NAMED_NODES),
        evidence: [fact, decided?.text ?? UNDECIDED],
        ...(decided === undefined ? { isUndecided: true } : {}),
        ...(check === undefined || decided === undefined ? {} : { check }),
        ...(removals.length === 0 ? {} : { removals }),
      },
    ];
  });
}

const UNDECIDED = 'neither node list nor earlier runs show which of them is wrong';

/** Who is wrong by the first clue that separates the claimants. */
function decide<T extends string>(
  claims: readonly Claim<T>[],
  clues: readonly Clue<T>[],
): { readonly wrong: readonly string[]; readonly text: string } | undefined {
  for (const { isWrong, text } of clues) {
    const wrong = namesOf(claims.filter((claim) => isWrong(claim, claims)));
    const others = namesOf(claims).filter((name) => !wrong.includes(name));
    if (wrong.length === 0 || others.length === 0) continue;
    return {
      wrong,
      text: text(enumerate(wrong, NAMED_NODES), enumerate(others, NAMED_NODES)),
    };
  }
  return undefined;
}

function namesOf<T extends string>(claims: readonly Claim<T>[]): readonly string[] {
  return [...new Set(claims.map(({ member }) => member.node))].toSorted();
}

/** One node may claim what is another's in both families. */
function joined(one: Presence, two: Presence): Presence {
  const isUndecided = one.isUndecided === true || two.isUndecided === true;
  return {
    ...one,
    beside: [...new Set([...one.beside, ...two.beside])].slice(0, NAMED_NODES),
    evidence: [...one.evidence, ...two.evidence],
    removals: [...(one.removals ?? []), ...(two.removals ?? [])],
    ...(isUndecided ? { isUndecided } : {}),
  };
}
