import type { Facts } from '../facts.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Member } from '../members/member.ts';
import { foreignUnderlays } from '../members/underlay.ts';
import { FAMILIES, type Family } from '../overlay/addresses.ts';
import { deviceFamily, isOverlayDevice } from '../overlay/profile.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { enumerate } from '../plain-text.ts';

/**
 * What was read and cannot all be right, though each entry may be what the rule wants. It is no finding:
 * it opens no incident and pages nobody. But the pairs of the nodes concerned are unknown, so a cluster
 * with a contradiction is never called healthy.
 */
export interface Contradiction {
  readonly nodes: readonly string[];
  /** Beside the name of such a node: a few words. */
  readonly brief: string;
  /** A sentence of its own, with what to do. */
  readonly message: string;
}

/** What the contradictions are looked for in: of hosts that are settled and answered, one family at a time. */
interface Seen {
  readonly family: Family;
  readonly answered: readonly AnsweredMember[];
  readonly byName: ReadonlyMap<string, AnsweredMember>;
  readonly vteps: readonly Vtep[];
  readonly facts: Facts;
  readonly judgement: Judgement;
}

type AnsweredMember = Member & { readonly observed: NonNullable<Member['observed']> };

/** How many nodes a sentence names. */
const NAMED = 5;

/** Every contradiction of which a run knows, in the order of what is worst. */
export function contradictionsIn(facts: Facts, judgement: Judgement): readonly Contradiction[] {
  const answered = judgement.members.filter(hasAnswered);
  const byName = new Map(answered.map((member) => [member.node, member]));
  return FAMILIES.flatMap((family) => {
    const vteps = judgement.vteps.filter((vtep) => vtep.family === family && byName.has(vtep.node));
    return CONTRADICTIONS.flatMap((find) =>
      find({ family, answered, byName, vteps, facts, judgement }),
    );
  });
}

function hasAnswered(member: Member): member is AnsweredMember {
  return member.grace === undefined && member.observed !== undefined;
}

const CONTRADICTIONS: readonly ((seen: Seen) => readonly Contradiction[])[] = [
  ({ vteps, byName }) =>
    shared(vteps, ({ podCidr }) => podCidr).map(({ value, nodes }) => ({
      nodes: withoutOwner(nodes, value, byName),
      brief: `its pod CIDR ${value} is another node's too`,
      message:
        `${sharing(nodes, withoutOwner(nodes, value, byName))} one pod CIDR, ${value}: give each node its own (flannel's Network and SubnetLen, ` +
        "kubeadm's --pod-network-cidr); a restart of flannel does not help",
    })),
  ({ answered, byName, family }) =>
    shared(devicesIn(answered, family), ({ device }) => device.mac).map(({ value, nodes }) => ({
      nodes: withoutOwner(nodes, value, byName),
      brief: `its VTEP has the MAC address of another: ${value}`,
      message:
        `the VXLAN devices of ${sharing(nodes, withoutOwner(nodes, value, byName))} one MAC address, ${value}, as ` +
        `cloned machines do: on ${all(withoutOwner(nodes, value, byName))} make a new /etc/machine-id, delete the ` +
        'device and restart flannel',
    })),
  ({ vteps, byName }) =>
    shared(vteps, ({ underlayIp }) => underlayIp).map(({ value, nodes }) => ({
      nodes: withoutOwner(nodes, value, byName),
      brief: `its underlay IP ${value} is another node's too`,
      message:
        `${sharing(nodes, withoutOwner(nodes, value, byName))} one underlay IP, ${value}, so packets between them never leave the host: make ` +
        "flannel use the hosts' own network (--iface) and restart it",
    })),
  ({ judgement: { matrix }, family }) =>
    [...(family === 'ipv4' ? matrix.unlisted.unplaced : [])].map((node) => ({
      nodes: [node],
      brief: 'on no node list, and no entry on another node leads to it',
      message:
        `${node} answers, and no entry on another node leads to it: without a node list, a removed node and one ` +
        `that all others lost look alike. If "kubectl get nodes" has ${node}, restart flannel on it; if not, ` +
        'deregister its host or take its tag away',
    })),
  ({ vteps, answered, facts, judgement, family }) => [
    ...withoutUnderlay(answered, vteps, family),
    ...sentToWithoutDevice({ facts, judgement, answered, family }),
  ],
];

function all(nodes: readonly string[]): string {
  return enumerate(nodes, NAMED);
}

/** What several nodes have of which each must have its own. */
function shared<T extends { readonly node: string }>(
  items: readonly T[],
  valueOf: (item: T) => string | undefined,
): readonly { readonly value: string; readonly nodes: readonly string[] }[] {
  const known = items.filter((item) => valueOf(item) !== undefined);
  return [...groupBy(known, (item) => valueOf(item) ?? '')].flatMap(([value, some]) => {
    const nodes = [...new Set(some.map(({ node }) => node))];
    return nodes.length < 2 ? [] : [{ value, nodes }];
  });
}

/**
 * Of nodes that share a value those that list or roster do not know by it: what one host claims spoils
 * nothing of the owner. All of them where nobody knows the owner, or where all are known by it.
 */
function withoutOwner(
  nodes: readonly string[],
  value: string,
  byName: ReadonlyMap<string, AnsweredMember>,
): readonly string[] {
  const others = nodes.filter((node) => !isKnownBy(byName.get(node), value));
  return others.length === 0 ? nodes : others;
}

/** Who has what another has: the owner, whom list or earlier runs know by it, is not accused. */
function sharing(nodes: readonly string[], others: readonly string[]): string {
  if (others.length === nodes.length) return `${all(nodes)} have`;
  const owners = nodes.filter((node) => !others.includes(node));
  return `${all(others)} and ${all(owners)}, the owner, have`;
}

function isKnownBy(member: AnsweredMember | undefined, value: string): boolean {
  const { listed, remembered } = member ?? {};
  if (listed === undefined) return remembered?.vteps.some((vtep) => hasPart(vtep, value)) === true;
  return (
    listed.podCidrs.some((cidr) => cidr === value) ||
    listed.annotated.some(({ mac, publicIp }) => mac === value || publicIp === value)
  );
}

function hasPart({ podCidr, mac, underlayIp }: Vtep, value: string): boolean {
  return podCidr === value || mac === value || underlayIp === value;
}

interface OwnDevice {
  readonly node: string;
  readonly device: Device;
}

/** All overlay devices of the family: a host that changed its VNI may have kept the old one. */
function devicesIn(answered: readonly AnsweredMember[], family: Family): readonly OwnDevice[] {
  return answered.flatMap(({ node, observed }) =>
    (observed.tables.devices ?? [])
      .filter(({ name }) => deviceFamily(name) === family)
      .map((device) => ({ node, device })),
  );
}

/** What peers send packets for a node to, where no interface of its host has it and nobody has set it so. */
function withoutUnderlay(
  answered: readonly AnsweredMember[],
  vteps: readonly Vtep[],
  family: Family,
): readonly Contradiction[] {
  const foreign = foreignUnderlays(answered, family);
  return vteps
    .filter(({ node, underlayIp }) => underlayIp !== undefined && foreign.get(node) === underlayIp)
    .map(({ node, underlayIp }) => ({
      nodes: [node],
      brief: `no interface of its host has its underlay IP ${underlayIp}`,
      message:
        `the other nodes send packets for ${node} to ${underlayIp}, which no interface of ${node} has: compare ` +
        `its annotation (flannel's public-ip, Calico's IPv4Address) with "ip addr" there, and restart flannel or ` +
        `calico-node on ${node}`,
    }));
}

/** Hosts without a VXLAN device that others send packets to over theirs. */
function sentToWithoutDevice({
  facts,
  judgement,
  answered,
  family,
}: Omit<Seen, 'vteps' | 'byName'>): readonly Contradiction[] {
  if (family !== 'ipv4') return [];
  const excluded = new Set(judgement.excluded);
  const senders = answered.flatMap(({ node, observed }) =>
    (observed.tables.fdb ?? [])
      .filter(({ device }) => isOverlayDevice(device))
      .map(({ destination }) => ({ node, destination })),
  );
  const byDestination = groupBy(senders, ({ destination }) => destination);
  return facts.observations.flatMap((one) => {
    if (one.kind !== 'tables' || !excluded.has(one.host.node)) return [];
    const { node } = one.host;
    const found = [...(one.tables.ownAddresses ?? [])].flatMap(
      (address) => byDestination.get(address) ?? [],
    );
    const nodes = [...new Set(found.map((sender) => sender.node))];
    if (nodes.length === 0) return [];
    return [
      {
        nodes: [node],
        brief: 'it has no VXLAN device, and others send to it',
        message:
          `${node} has no VXLAN device, but ${all(nodes)} send packets to it over theirs: does flannel or ` +
          `calico-node run on ${node}?`,
      },
    ];
  });
}
