import type { Problem } from '../../contract/report.ts';
import { type Facts, knownPods, type RememberedDevice } from '../facts.ts';
import type { Observation } from '../overlay/vtep.ts';
import { groupBy } from '../group.ts';
import type { Member, ObservedHost } from './member.ts';
import { devicesOf } from './roster.ts';
import { takingPart } from './taking-part.ts';

interface Members {
  readonly members: readonly Member[];
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
    const member = { node, listed: listed.get(node), remembered: remembered.get(node), observed };
    return { ...member, grace: graceOf(facts, member) };
  });
  return {
    members,
    problems: [
      ...problems,
      ...unlisted.map(unlistedHost),
      ...excluded.map(excludedNode),
      ...unlistedPods(facts),
    ],
  };
}

/** The hosts that answered, by node name. Two hosts that claim one name are both unknown. */
function identify(facts: Facts): {
  readonly hosts: ReadonlyMap<string, ObservedHost>;
  readonly problems: readonly Problem[];
} {
  const answered = facts.observations.flatMap((observation) => observedBy(observation) ?? []);
  const problems = facts.observations.flatMap(problemsOf);
  const silent = groupBy(
    facts.observations.filter((observation) => observation.kind === 'unknown'),
    ({ node }) => node ?? '',
  );
  const hosts = new Map<string, ObservedHost>();
  for (const [node, claims] of groupBy(answered, ({ host }) => host.node)) {
    const [only] = claims;
    // The roster knows the owner of the name, who keeps its claim while it is silent.
    const owners = silent.get(node) ?? [];
    if (claims.length === 1 && only !== undefined && owners.length === 0) {
      hosts.set(node, only);
      continue;
    }
    const ids = [
      ...claims.map(({ host }) => host.instanceId ?? 'a capture'),
      ...owners.map(({ instanceId }) => instanceId),
    ].join(', ');
    problems.push({ where: node, message: `several hosts claim this name (${ids}): all unknown` });
  }
  return { hosts, problems };
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
    young('its VXLAN device was made', since(youngest(devicesOf(facts.now, member))))
  );
}

/** When the last of the devices was made, epoch milliseconds. */
function youngest(devices: readonly RememberedDevice[]): number | undefined {
  const times = devices.flatMap(({ since }) => since ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
