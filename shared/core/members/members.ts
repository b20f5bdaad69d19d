import type { Problem } from '../../contract/report.ts';
import { type Facts, knownPods, type RememberedDevice } from '../facts.ts';
import type { ClusterNode, Observation } from '../overlay/vtep.ts';
import { groupBy } from '../group.ts';
import { type Member, type ObservedHost, ownDevice } from './member.ts';
import { devicesOf } from './roster.ts';
import { takingPart } from './taking-part.ts';

interface Members {
  readonly members: readonly Member[];
  /** Nodes and hosts that exist and are not part of the overlay. */
  readonly excluded: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Who takes part. With a node list, the nodes that it held both before and after the tables were read.
 * Without one, every host that answered, and every node that the roster or a master's
 * `kubectl get nodes` knows.
 */
export function membersOf(facts: Facts): Members {
  const { hosts, problems } = identify(facts);
  const remembered = new Map(facts.roster.map((entry) => [entry.node, entry]));
  const { names, listed, excluded } = takingPart(facts, hosts);
  const known = new Set([...names, ...excluded]);
  const unlisted = [...hosts.keys()].filter((node) => !known.has(node));
  const members = names.map((node): Member => {
    const observed = hosts.get(node);
    const sources = { listed: listed.get(node), remembered: remembered.get(node), observed };
    const member = {
      node,
      ...sources,
      remembered: isAnotherNow(sources) ? undefined : sources.remembered,
    };
    return { ...member, grace: graceOf(facts, member) };
  });
  return {
    members,
    excluded,
    problems: [
      ...problems,
      ...unlisted.map(unlistedHost),
      ...excluded.map(excludedNode),
      ...unlistedPods(facts),
    ],
  };
}

/** Another instance id under a name is another node: nothing of the old one is remembered. */
function isAnotherNow({
  listed,
  remembered,
  observed,
}: Pick<Member, 'listed' | 'remembered' | 'observed'>): boolean {
  const [before, now] = [remembered?.instanceId, observed?.host.instanceId];
  if (before === undefined) return false;
  return now === undefined ? isOtherInstance(before, listed) : now !== before;
}

/**
 * The hosts that answered, by node name. The node list names a host by its instance id, which no host can
 * choose; else it has the name that it claims. Of several claims the owner keeps the name, whom list or
 * roster know by an instance id. Where nobody knows the owner, all are unknown.
 */
function identify(facts: Facts): {
  readonly hosts: ReadonlyMap<string, ObservedHost>;
  readonly problems: readonly Problem[];
} {
  const list = facts.nodes.kind === 'read' ? facts.nodes.after : [];
  const nameOf = namesByInstance(list);
  const answered = facts.observations
    .flatMap((observation) => observedBy(observation) ?? [])
    .map((one) => named(one, nameOf.get(one.host.instanceId ?? '') ?? one.host.node));
  const problems = facts.observations.flatMap(problemsOf);
  const silent = groupBy(
    facts.observations.filter((observation) => observation.kind === 'unknown'),
    ({ node }) => node ?? '',
  );
  const listed = new Map(list.map((node) => [node.name, node]));
  const remembered = new Map(facts.roster.map(({ node, instanceId }) => [node, instanceId]));
  const hosts = new Map<string, ObservedHost>();
  for (const [node, claims] of groupBy(answered, ({ host }) => host.node)) {
    // The roster knows the owner of the name, who keeps its claim while it is silent.
    const owners = silent.get(node) ?? [];
    const owner = ownerAmong(claims, {
      listed: listed.get(node),
      remembered: remembered.get(node),
      isOwnerSilent: owners.length > 0,
    });
    if (owner !== undefined) hosts.set(node, owner);
    const others = claims.filter((claim) => claim !== owner);
    if (others.length === 0) continue;
    const ids = others.map(({ host }) => host.instanceId ?? 'a capture');
    const silentIds = owners.map(({ instanceId }) => instanceId);
    const message =
      owner === undefined
        ? `several hosts claim this name (${[...ids, ...silentIds].join(', ')}): all unknown`
        : `another host claims this name (${ids.join(', ')}): unknown`;
    problems.push({ where: node, message });
  }
  return { hosts, problems };
}

/** Names by instance id, where one node alone has it: of two nodes with one id neither gets it. */
function namesByInstance(list: readonly ClusterNode[]): ReadonlyMap<string, string> {
  const known = list.flatMap(({ name, instanceId }) =>
    instanceId === undefined ? [] : [{ name, instanceId }],
  );
  return new Map(
    [...groupBy(known, ({ instanceId }) => instanceId)].flatMap(([instanceId, [node, ...more]]) =>
      node === undefined || more.length > 0 ? [] : [[instanceId, node.name] as const],
    ),
  );
}

function named(one: ObservedHost, node: string): ObservedHost {
  return node === one.host.node ? one : { ...one, host: { ...one.host, node } };
}

/** Who else knows whose a name is. */
interface NameOwner {
  readonly listed: ClusterNode | undefined;
  /** The instance id of the host that had the name in an earlier run. */
  readonly remembered: string | undefined;
  /** That host was asked in this run, and did not answer. */
  readonly isOwnerSilent: boolean;
}

function ownerAmong(
  claims: readonly ObservedHost[],
  { listed, remembered, isOwnerSilent }: NameOwner,
): ObservedHost | undefined {
  const [only, ...others] = claims;
  if (listed?.instanceId !== undefined) {
    const byList = claims.filter(({ host }) => host.instanceId === listed.instanceId);
    if (byList.length === 1) return byList[0];
  }
  const possible = claims.filter(({ host }) => !isOtherInstance(host.instanceId, listed));
  const byRoster = possible.filter(
    ({ host }) => remembered !== undefined && host.instanceId === remembered,
  );
  if (byRoster.length === 1 && claims.length > 1) return byRoster[0];
  if (only === undefined || others.length > 0 || possible.length === 0) return undefined;
  // Of a silent owner the agent may have lost its connection for good, while its node has a new host.
  return !isOwnerSilent || hasAnnotatedMac(only, listed) ? only : undefined;
}

const EC2_INSTANCE = /^i-[0-9a-f]+$/;

/** Both are instances of EC2, and not the same: the id of a hybrid node is in no node object. */
function isOtherInstance(id: string | undefined, listed: ClusterNode | undefined): boolean {
  const known = listed?.instanceId;
  if (id === undefined || known === undefined || id === known) return false;
  return EC2_INSTANCE.test(id) && EC2_INSTANCE.test(known);
}

function hasAnnotatedMac({ tables }: ObservedHost, listed: ClusterNode | undefined): boolean {
  return (listed?.annotated ?? []).some(
    ({ family, mac }) => mac !== undefined && ownDevice(tables.devices, family)?.mac === mac,
  );
}

function observedBy(observation: Observation): ObservedHost | undefined {
  switch (observation.kind) {
    case 'tables':
      return observation;
    case 'digest': {
      const { host, devices, digest } = observation;
      return { kind: 'digest', host, tables: { devices }, digest, verbatim: [] };
    }
    case 'unknown':
      return undefined;
  }
}

function problemsOf(observation: Observation): Problem[] {
  switch (observation.kind) {
    case 'unknown': {
      const { node, instanceId, reason } = observation;
      return [{ where: node ?? instanceId, message: reason }];
    }
    case 'digest':
    case 'tables':
      return observation.unread.map((message) => ({ where: observation.host.node, message }));
  }
}

function unlistedHost(node: string): Problem {
  return { where: node, message: 'this host answered, but no node of the overlay has its name' };
}

function excludedNode(node: string): Problem {
  const message =
    "not checked: by its devices and flannel's annotations it is not part of a VXLAN overlay";
  return { where: node, message };
}

/** A pod on a node that the list lacks: the list is incomplete, or the node has just left. */
function unlistedPods(facts: Facts): readonly Problem[] {
  if (facts.nodes.kind !== 'read') return [];
  const known = new Set(facts.nodes.after.map(({ name }) => name));
  const unlisted = groupBy(
    knownPods(facts.pods).filter(({ node }) => !known.has(node)),
    ({ node }) => node,
  );
  return [...unlisted].map(([where, pods]) => ({
    where,
    message: `pod ${pods[0]?.namespace}/${pods[0]?.name} runs on this node, but no node list holds it: not checked`,
  }));
}

/** New nodes, freshly booted hosts and young devices are still being programmed. */
function graceOf(facts: Facts, member: Omit<Member, 'grace'>): string | undefined {
  const { graceSeconds } = facts.limits;
  const { listed, observed } = member;
  const young = (what: string, seconds: number | undefined): string | undefined =>
    seconds !== undefined && seconds < graceSeconds
      ? `${what} ${Math.max(0, Math.floor(seconds))} s ago`
      : undefined;
  const unsettled = facts.nodes.kind === 'read' ? facts.nodes.unsettled : undefined;
  const since = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : (facts.now - time) / 1000;
  return (
    unsettled?.get(member.node) ??
    young('joined the cluster', since(listed?.createdAt)) ??
    young('booted', observed?.host.uptimeSeconds) ??
    bootingWithoutDevice(observed) ??
    young('its VXLAN device was made', since(youngest(devicesOf(facts.now, member))))
  );
}

/** Images are pulled and the API server is awaited before flanneld first runs and makes the device. */
const BOOT_TO_FLANNELD_SECONDS = 360;

function bootingWithoutDevice(observed: ObservedHost | undefined): string | undefined {
  if (observed?.tables.devices?.length !== 0) return undefined;
  const { uptimeSeconds, flanneldSeconds } = observed.host;
  const isBooting = uptimeSeconds !== undefined && uptimeSeconds < BOOT_TO_FLANNELD_SECONDS;
  return isBooting && flanneldSeconds === undefined
    ? `booted ${Math.floor(uptimeSeconds)} s ago, and flannel has not run since`
    : undefined;
}

/** When the last of the devices was made, epoch milliseconds. */
function youngest(devices: readonly RememberedDevice[]): number | undefined {
  const times = devices.flatMap(({ since }) => since ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
