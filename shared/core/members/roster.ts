import type { Facts, RememberedDevice, RosterEntry } from '../facts.ts';
import { groupBy } from '../group.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import { bootOf } from './identity.ts';
import { type Member, ownDevice } from './member.ts';
import { packetHistories } from './packet-history.ts';
import type { Vtep } from '../overlay/vtep.ts';

const DAY_MS = 86_400_000;

/** The roster after this run. It drops a node that the list lacks or that no run saw for `rosterDays`. */
export function nextRoster(
  facts: Facts,
  { members, vteps }: { readonly members: readonly Member[]; readonly vteps: readonly Vtep[] },
): readonly RosterEntry[] {
  const known = groupBy(vteps, ({ node }) => node);
  const isOfAnother = ownersIn(members, vteps);
  const histories = packetHistories(members, vteps);
  const current = members
    .filter((member) => isMoreThanAName(member) || known.has(member.node))
    .map((member): RosterEntry => {
      const before = member.remembered?.vteps ?? [];
      const own = (known.get(member.node) ?? []).flatMap((vtep) =>
        isOfAnother(vtep) ? (before.find(({ family }) => family === vtep.family) ?? []) : vtep,
      );
      const packets = histories.get(member.node);
      const hasAny =
        packets !== undefined && packets.answers.length + packets.isAnswered.length > 0;
      const entry = entryOf(facts, own, member);
      return hasAny ? { ...entry, packets } : entry;
    });
  const oldest = facts.now - facts.limits.rosterDays * DAY_MS;
  return current.filter(({ lastSeen }) => lastSeen >= oldest);
}

/** What no two nodes can have. */
const UNIQUE = ['podCidr', 'tunnelIp', 'mac', 'underlayIp'] as const;

type UniquePart = (typeof UNIQUE)[number];

/**
 * Whether a VTEP has a part by which earlier runs know another node that still has it, and not this one. It is not
 * remembered: as long as both claim it, the roster shows whose it was.
 */
function ownersIn(members: readonly Member[], vteps: readonly Vtep[]): (vtep: Vtep) => boolean {
  const remembered = new Map(members.map(({ node, remembered: before }) => [node, before?.vteps]));
  const wasIts = ({ node, family, ...parts }: Vtep, part: UniquePart): boolean =>
    remembered
      .get(node)
      ?.some((before) => before.family === family && before[part] === parts[part]) === true;
  // Most clusters have no two such nodes, and thousands of which each would have to be looked up.
  const shared = UNIQUE.flatMap((part) => {
    const known = vteps.filter((vtep) => vtep[part] !== undefined);
    const alike = groupBy(known, (vtep) => `${vtep.family} ${vtep[part]}`);
    return alike.size === known.length
      ? []
      : [...alike.values()].filter(({ length }) => length > 1).map((some) => ({ part, some }));
  });
  const others = new Set(
    shared.flatMap(({ part, some }) => {
      const owners = new Set(some.filter((vtep) => wasIts(vtep, part)));
      return owners.size === 0 ? [] : some.filter((vtep) => !owners.has(vtep));
    }),
  );
  return (vtep) => others.has(vtep);
}

/** A name that only a master's `kubectl get nodes` holds is one host's claim, and may change each run. */
function isMoreThanAName({ observed, remembered, listed }: Member): boolean {
  return observed !== undefined || remembered !== undefined || listed !== undefined;
}

function entryOf(facts: Facts, own: readonly Vtep[], member: Member): RosterEntry {
  const { node, observed, remembered } = member;
  const kept = remembered?.vteps ?? [];
  const seen = observed === undefined ? (remembered?.lastSeen ?? facts.now) : facts.now;
  return {
    node,
    instanceId: observed?.host.instanceId ?? remembered?.instanceId,
    boot: observed === undefined ? remembered?.boot : bootOf(observed.host),
    vteps: own.length > 0 ? own.map((vtep) => withUnderlay(vtep, kept)) : kept,
    master: observed === undefined ? (remembered?.master ?? false) : isMaster(member),
    lastSeen: seen,
    devices: devicesOf(facts.now, member),
  };
}

/** An underlay IP that nobody knows now is remembered, so that it is not taken for another one. */
function withUnderlay(vtep: Vtep, kept: readonly Vtep[]): Vtep {
  const before = kept.find(({ family }) => family === vtep.family);
  return vtep.underlayIp === undefined && before?.underlayIp !== undefined
    ? { ...vtep, underlayIp: before.underlayIp }
    : vtep;
}

function isMaster({ observed }: Member): boolean {
  return observed?.host.kubeconfig !== undefined;
}

/**
 * The host's VXLAN devices, and since when it has each of them. The kernel does not say, but a device
 * with another index than last time was made anew; the first one ever seen is of no known age. A
 * device that is gone is remembered, so that its successor is known to be young.
 */
export function devicesOf(
  now: number,
  { observed, remembered }: Pick<Member, 'observed' | 'remembered'>,
): readonly RememberedDevice[] {
  return FAMILIES.flatMap((family) => {
    const index = ownDevice(observed?.tables.devices, family)?.index;
    const before = remembered?.devices.find((device) => device.family === family);
    if (index === undefined || index === before?.index) return before ?? [];
    return { family, index, since: before === undefined ? undefined : now };
  });
}
