import type { Problem } from '../../contract/report.ts';
import type { Facts, RosterEntry } from '../facts.ts';
import { groupBy } from '../group.ts';
import {
  FAMILIES,
  familyOf,
  type IpAddress,
  isUnicastIp,
  prefixBits,
} from '../overlay/addresses.ts';
import type { ClusterNode, HostFacts, Observation } from '../overlay/vtep.ts';
import { type ObservedHost, ownDevice } from './member.ts';

interface Identities {
  readonly hosts: ReadonlyMap<string, ObservedHost>;
  readonly problems: readonly Problem[];
}

/**
 * The hosts that answered, by node name. What the node list has of a node names its host, the surest
 * first: the instance id, which no host can choose; an address; else the name that the host claims, whole
 * or by its first label. Each of these counts only where one host and one node have it, and says nothing
 * otherwise. Of several hosts under one name the owner keeps it whom list or roster know; where nobody
 * knows the owner, all are unknown.
 */
export function identify(facts: Facts): Identities {
  const hosts = facts.observations.flatMap((observation) => observedBy(observation) ?? []);
  const remembered = rememberedOf(facts.roster, hosts);
  const list = facts.nodes.kind === 'read' ? facts.nodes.after : [];
  const silent = groupBy(
    facts.observations.filter((observation) => observation.kind === 'unknown'),
    ({ node }) => node ?? '',
  );
  const claims = claimsOf(hosts, list, { remembered, silent });
  const listed = new Map(list.map((node) => [node.name, node]));
  const owners = new Map<string, ObservedHost>();
  const problems: Problem[] = [];
  for (const [node, rivals] of groupBy(claims, ({ name }) => name)) {
    // The roster knows the owner of the name, who keeps its claim while it is silent.
    const quiet = silent.get(node) ?? [];
    const owner = ownerAmong(rivals, {
      listed: listed.get(node),
      remembered: remembered.get(node),
      isOwnerSilent: quiet.length > 0,
    });
    if (owner !== undefined) owners.set(node, named(owner.host, node));
    const others = rivals.filter((claim) => claim !== owner);
    if (others.length === 0) continue;
    const ids = others.map(({ host }) => host.host.instanceId ?? 'a capture');
    const silentIds = quiet.map(({ instanceId }) => instanceId);
    const message =
      owner === undefined
        ? `several hosts claim this name (${[...ids, ...silentIds].join(', ')}): all unknown`
        : `another host claims this name (${ids.join(', ')}): unknown`;
    problems.push({ where: node, message });
  }
  return { hosts: owners, problems };
}

/**
 * What earlier runs know, by node name. A boot id is no secret: the node object has it. It stands for a host
 * that was registered again only where the old registration is silent and the new one belongs to no node yet.
 */
function rememberedOf(
  roster: readonly RosterEntry[],
  hosts: readonly ObservedHost[],
): ReadonlyMap<string, RosterEntry> {
  const known = new Set(roster.map(({ instanceId }) => instanceId));
  const spoken = new Set(
    hosts.flatMap(({ host }) => (known.has(host.instanceId) ? [host.instanceId] : [])),
  );
  const taken = new Set(
    hosts.flatMap(({ host }) => (spoken.has(host.instanceId) ? (bootOf(host) ?? []) : [])),
  );
  return new Map(
    roster.map(({ boot, ...entry }) => {
      const isFree = boot !== undefined && !spoken.has(entry.instanceId) && !taken.has(boot);
      return [entry.node, isFree ? { ...entry, boot } : entry];
    }),
  );
}

function observedBy(observation: Observation): ObservedHost | undefined {
  switch (observation.kind) {
    case 'tables':
      return observation;
    case 'digest': {
      const { host, devices, surroundings, digest, packets } = observation;
      const tables = { ...surroundings, devices };
      return { kind: 'digest', host, tables, digest, packets, verbatim: [] };
    }
    case 'unknown':
      return undefined;
  }
}

function named(one: ObservedHost, node: string): ObservedHost {
  return node === one.host.node ? one : { ...one, host: { ...one.host, node } };
}

/** A host, the name that it has, and whether that is by more than names: by an instance id or an address. */
interface Claim {
  readonly host: ObservedHost;
  readonly name: string;
  readonly isListed: boolean;
}

/** Whom earlier runs know as the host of each node. */
interface EarlierHosts {
  readonly remembered: ReadonlyMap<string, RosterEntry>;
  /** Of these nodes a host was asked, and did not answer. */
  readonly silent: ReadonlyMap<string, readonly unknown[]>;
}

function claimsOf(
  hosts: readonly ObservedHost[],
  list: readonly ClusterNode[],
  earlier: EarlierHosts,
): readonly Claim[] {
  const byInstance = oneToOne(hosts, list, {
    ofHost: ({ host }) => [host.instanceId],
    ofNode: ({ instanceId }) => [instanceId],
  });
  const ids = new Set(list.map(({ instanceId }) => instanceId));
  const listed = new Set(list.map(({ name }) => name));
  // Of two nodes with one instance id neither gets the host. One that the roster knows keeps its name.
  const isOpen = ({ host }: ObservedHost): boolean =>
    !(host.instanceId !== undefined && ids.has(host.instanceId)) &&
    !(listed.has(host.node) && isSameHost(host, earlier.remembered.get(host.node)));
  const open = new Set(hosts.filter(isOpen));
  const taken = new Set(byInstance.values());
  const left = open.size === 0 ? [] : list.filter((node) => !taken.has(node));
  const byAddress = oneToOne(hosts, left, {
    ofHost: ownAddresses(left.length === 0 ? [] : list),
    ofNode: ({ internalIps, annotated }) => [
      ...internalIps,
      ...annotated.map(({ publicIp }) => publicIp),
    ],
  });
  const claimed = groupBy(hosts, ({ host }) => host.node);
  const byLabel = oneToOne(
    hosts.filter(({ host }) => !listed.has(host.node)),
    left.filter(({ name }) => !claimed.has(name)),
    { ofHost: ({ host }) => [labelOf(host.node)], ofNode: ({ name }) => [labelOf(name)] },
  );
  // Where each of two listed names has its host, an address that says otherwise is of a wrong list: a
  // CNI may publish an address that no node has.
  const isCrossed = ({ host }: ObservedHost, { name }: ClusterNode): boolean =>
    name !== host.node &&
    listed.has(host.node) &&
    claimed.get(host.node)?.length === 1 &&
    claimed.has(name);
  return hosts.map((host): Claim => {
    const instance = byInstance.get(host);
    if (instance !== undefined) return { host, name: instance.name, isListed: true };
    const found = [byAddress, byLabel]
      .flatMap((rung) => (open.has(host) ? (rung.get(host) ?? []) : []))
      .find((node) => !isCrossed(host, node) && mayBe(host.host, node, earlier));
    return found === undefined
      ? { host, name: host.host.node, isListed: false }
      : { host, name: found.name, isListed: byAddress.get(host) === found };
  });
}

/** What a host and a node may have in common. */
interface Comparison {
  readonly ofHost: (host: ObservedHost) => readonly (string | undefined)[];
  readonly ofNode: (node: ClusterNode) => readonly (string | undefined)[];
}

/** The hosts that have something in common with one node that is common to no other two. */
function oneToOne(
  hosts: readonly ObservedHost[],
  nodes: readonly ClusterNode[],
  { ofHost, ofNode }: Comparison,
): ReadonlyMap<ObservedHost, ClusterNode> {
  if (nodes.length === 0) return new Map();
  const nodesBy = ownersBy(nodes, ofNode);
  const pairs = [...ownersBy(hosts, ofHost)].flatMap(([key, [host, ...others]]) => {
    const [node, ...more] = nodesBy.get(key) ?? [];
    const isOne = others.length + more.length === 0;
    return isOne && host !== undefined && node !== undefined ? [{ host, node }] : [];
  });
  const nodesOf = Map.groupBy(pairs, ({ host }) => host);
  const hostsOf = Map.groupBy(pairs, ({ node }) => node);
  const isAlone = (some: typeof pairs | undefined): boolean =>
    new Set(some?.map(({ host }) => host)).size === 1 &&
    new Set(some?.map(({ node }) => node)).size === 1;
  return new Map(
    pairs
      .filter(({ host, node }) => isAlone(nodesOf.get(host)) && isAlone(hostsOf.get(node)))
      .map(({ host, node }) => [host, node] as const),
  );
}

function ownersBy<T>(
  all: readonly T[],
  keysOf: (one: T) => readonly (string | undefined)[],
): ReadonlyMap<string, readonly T[]> {
  const keyed = all.flatMap((one) =>
    [...new Set(keysOf(one))].flatMap((key) => (key === undefined ? [] : [{ key, one }])),
  );
  return new Map(
    [...groupBy(keyed, ({ key }) => key)].map(([key, some]) => [key, some.map(({ one }) => one)]),
  );
}

/**
 * The addresses by which a host may be known: those from which its overlay devices send their packets. An
 * address of the pods' network, as a container or a CNI's bridge has it, says nothing of a host.
 */
function ownAddresses(
  list: readonly ClusterNode[],
): (host: ObservedHost) => readonly (string | undefined)[] {
  const networks = list.flatMap(({ podCidrs }) =>
    podCidrs.map((cidr) => ({ family: familyOf(cidr), bits: prefixBits(cidr) })),
  );
  const known = new Set(networks.map(({ family, bits }) => `${family} ${bits}`));
  const lengths = new Set(networks.map(({ bits }) => bits.length));
  const isOfPods = (ip: IpAddress): boolean => {
    const bits = prefixBits(ip);
    return [...lengths].some((length) => known.has(`${familyOf(ip)} ${bits.slice(0, length)}`));
  };
  return ({ tables }) =>
    FAMILIES.map((family) => ownDevice(tables.devices, family)?.local).filter(
      (local) => local !== undefined && isUnicastIp(local) && !isOfPods(local),
    );
}

function labelOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

/** Whether the host can be the node: neither the list nor an earlier run knows another one as its host. */
function mayBe(host: HostFacts, node: ClusterNode, { remembered, silent }: EarlierHosts): boolean {
  if (isOtherInstance(host.instanceId, node)) return false;
  const before = remembered.get(node.name);
  return isSameHost(host, before) || (before?.instanceId === undefined && !silent.has(node.name));
}

/** Who else knows whose a name is. */
interface NameOwner {
  readonly listed: ClusterNode | undefined;
  /** The host that had the name in an earlier run. */
  readonly remembered: RosterEntry | undefined;
  /** That host was asked in this run, and did not answer. */
  readonly isOwnerSilent: boolean;
}

function ownerAmong(
  claims: readonly Claim[],
  { listed, remembered, isOwnerSilent }: NameOwner,
): Claim | undefined {
  const byList = claims.filter(({ isListed }) => isListed);
  if (byList.length === 1) return byList[0];
  const possible = claims.filter(({ host }) => !isOtherInstance(host.host.instanceId, listed));
  const byRoster = possible.filter(({ host }) => isSameHost(host.host, remembered));
  const [only, ...others] = claims;
  if (byRoster.length === 1 && (others.length > 0 || isOwnerSilent)) return byRoster[0];
  if (only === undefined || others.length > 0 || possible.length === 0) return undefined;
  // Of a silent owner the agent may have lost its connection for good, while its node has a new host.
  return !isOwnerSilent || hasAnnotatedMac(only.host, listed) ? only : undefined;
}

function hasAnnotatedMac({ tables }: ObservedHost, listed: ClusterNode | undefined): boolean {
  return (listed?.annotated ?? []).some(
    ({ family, mac }) => mac !== undefined && ownDevice(tables.devices, family)?.mac === mac,
  );
}

const EC2_INSTANCE = /^i-[0-9a-f]+$/;

/** Both are instances of EC2, and not the same: the id of a hybrid node is in no node object. */
export function isOtherInstance(id: string | undefined, listed: ClusterNode | undefined): boolean {
  const known = listed?.instanceId;
  if (id === undefined || known === undefined || id === known) return false;
  return EC2_INSTANCE.test(id) && EC2_INSTANCE.test(known);
}

/**
 * Whether the roster knows a host: by its managed-node id, or by its boot where it was registered again
 * since, which gives it a new `mi-` id.
 */
export function isSameHost(host: HostFacts, before: RosterEntry | undefined): boolean {
  if (before?.instanceId === undefined) return false;
  if (before.instanceId === host.instanceId) return true;
  return before.boot !== undefined && before.boot === bootOf(host);
}

/** How much of a boot id is remembered: two hosts share so many characters by chance in no cluster. */
const BOOT_LENGTH = 8;

/** The beginning of the boot id of a host that is registered by hand; another one keeps its id. */
export function bootOf({ instanceId, bootId }: HostFacts): string | undefined {
  return instanceId?.startsWith('mi-') === true ? bootId?.slice(0, BOOT_LENGTH) : undefined;
}
