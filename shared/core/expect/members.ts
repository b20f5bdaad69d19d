import type { Problem } from '../../contract/report.ts';
import type { Facts } from '../facts.ts';
import type { ClusterNode, Observation } from '../overlay.ts';
import { groupBy } from '../group.ts';
import { deviceAge } from './device-age.ts';
import type { Member, ObservedHost } from './member.ts';

export interface Members {
  readonly members: readonly Member[];
  readonly problems: readonly Problem[];
}

const DAY_MS = 86_400_000;

/**
 * Who takes part. Kubernetes' list is the truth where there is one, and only nodes that it held both
 * before and after the tables were read are judged. Without it, everybody who answered, or whom the
 * roster or a master's `kubectl get nodes` knows.
 */
export function membersOf(facts: Facts): Members {
  const { hosts, problems } = identify(facts);
  const remembered = new Map(facts.roster.map((entry) => [entry.node, entry]));
  const stable = stableNodes(facts, hosts);
  const listed = stable?.listed;
  const names = listed === undefined ? withoutList(facts, hosts) : [...listed.keys()];
  const apart = stable?.apart ?? [];
  const known = new Set([...names, ...apart]);
  const strangers = [...hosts.keys()].filter((node) => !known.has(node));
  const members = names.map((node): Member => {
    const observed = hosts.get(node);
    const member = { node, listed: listed?.get(node), remembered: remembered.get(node), observed };
    return { ...member, grace: graceOf(facts, member) };
  });
  return {
    members,
    problems: [
      ...problems,
      ...strangers.map(stranger),
      ...apart.map(bystander),
      ...unlistedPods(facts),
    ],
  };
}

/** The hosts that answered, by node name. Two that claim one name are both unknown. */
function identify(facts: Facts): {
  readonly hosts: ReadonlyMap<string, ObservedHost>;
  readonly problems: readonly Problem[];
} {
  const answered = facts.observations.filter((observation) => observation.kind === 'tables');
  const problems = facts.observations.flatMap(problemsOf);
  const hosts = new Map<string, ObservedHost>();
  for (const [node, claims] of groupBy(answered, ({ host }) => host.node)) {
    const [only] = claims;
    if (claims.length === 1 && only !== undefined) {
      hosts.set(node, only);
      continue;
    }
    const ids = claims.map(({ host }) => host.instanceId ?? 'a capture').join(', ');
    problems.push({ where: node, message: `several hosts claim this name (${ids}): all unknown` });
  }
  return { hosts, problems };
}

function problemsOf(observation: Observation): Problem[] {
  switch (observation.kind) {
    case 'unknown': {
      const { node, instanceId, reason } = observation;
      return [{ where: node ?? instanceId, message: reason }];
    }
    case 'tables':
      return observation.unread.map((message) => ({ where: observation.host.node, message }));
  }
}

/** The nodes of both lists that take part in the overlay, and those that do not. */
function stableNodes(
  facts: Facts,
  hosts: ReadonlyMap<string, ObservedHost>,
):
  | { readonly listed: ReadonlyMap<string, ClusterNode>; readonly apart: readonly string[] }
  | undefined {
  if (facts.nodes === undefined) return undefined;
  const before = new Set(facts.nodes.before.map(({ name }) => name));
  const stable = facts.nodes.after.filter(({ name }) => before.has(name));
  const remembered = new Set(
    facts.roster.filter(({ vteps }) => vteps.length > 0).map(({ node }) => node),
  );
  // Where flannel has annotated some nodes, another one takes part only if it has shown a device.
  const annotates = stable.some(({ annotated }) => annotated.length > 0);
  const takesPart = ({ name, annotated }: ClusterNode): boolean =>
    !annotates ||
    annotated.length > 0 ||
    remembered.has(name) ||
    (hosts.get(name)?.tables.devices ?? []).length > 0;
  return {
    listed: new Map(stable.filter(takesPart).map((node) => [node.name, node])),
    apart: stable.filter((node) => !takesPart(node)).map(({ name }) => name),
  };
}

function withoutList(facts: Facts, hosts: ReadonlyMap<string, ObservedHost>): readonly string[] {
  const oldest = facts.now - facts.limits.rosterDays * DAY_MS;
  const remembered = facts.roster.filter(({ lastSeen }) => lastSeen >= oldest);
  const names = [...hosts.keys(), ...remembered.map(({ node }) => node), ...facts.listedNames];
  return [...new Set(names)].toSorted();
}

/** New nodes, freshly booted hosts and young devices are still being programmed. */
function graceOf(facts: Facts, member: Omit<Member, 'grace'>): string | undefined {
  const { graceSeconds } = facts.limits;
  const { listed, observed } = member;
  const young = (what: string, seconds: number | undefined): string | undefined =>
    seconds !== undefined && seconds < graceSeconds
      ? `${what} ${Math.max(0, Math.floor(seconds))} s ago`
      : undefined;
  const since = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : (facts.now - time) / 1000;
  return (
    young('joined the cluster', since(listed?.createdAt)) ??
    young('booted', observed?.host.uptimeSeconds) ??
    young('its VXLAN device was made', since(deviceAge(facts.now, member).deviceSince))
  );
}

function stranger(node: string): Problem {
  return { where: node, message: 'this host answered, but no node of the overlay has its name' };
}

function bystander(node: string): Problem {
  const message =
    "it has neither flannel's annotations nor a VXLAN device: taken for no part of the overlay";
  return { where: node, message };
}

/** A pod on a node that no list holds: the list is not whole, or the node has just left. */
function unlistedPods(facts: Facts): readonly Problem[] {
  if (facts.nodes === undefined) return [];
  const known = new Set(facts.nodes.after.map(({ name }) => name));
  const unlisted = groupBy(
    facts.pods.filter(({ node }) => !known.has(node)),
    ({ node }) => node,
  );
  return [...unlisted].map(([where, pods]) => ({
    where,
    message: `pod ${pods[0]?.namespace}/${pods[0]?.name} runs on this node, but no node list holds it: not judged`,
  }));
}
