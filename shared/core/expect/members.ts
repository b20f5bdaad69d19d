import type { Problem } from '../../contract/report.ts';
import type { Facts } from '../facts.ts';
import type { ClusterNode } from '../overlay.ts';
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
  const listed = stableNodes(facts);
  const names = listed === undefined ? withoutList(facts, hosts) : [...listed.keys()];
  const strangers = [...hosts.keys()].filter((node) => listed !== undefined && !listed.has(node));
  const members = names.map((node): Member => {
    const observed = hosts.get(node);
    const member = { node, listed: listed?.get(node), remembered: remembered.get(node), observed };
    return { ...member, grace: graceOf(facts, member) };
  });
  return {
    members,
    problems: [...problems, ...strangers.map(stranger), ...unlistedPods(facts, listed)],
  };
}

/** The hosts that answered, by node name. Two that claim one name are both unknown. */
function identify(facts: Facts): {
  readonly hosts: ReadonlyMap<string, ObservedHost>;
  readonly problems: readonly Problem[];
} {
  const answered = facts.observations.filter((observation) => observation.kind === 'tables');
  const problems: Problem[] = facts.observations
    .filter((observation) => observation.kind === 'unknown')
    .map(({ node, instanceId, reason }) => ({ where: node ?? instanceId, message: reason }));
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

function stableNodes(facts: Facts): ReadonlyMap<string, ClusterNode> | undefined {
  if (facts.nodes === undefined) return undefined;
  const before = new Set(facts.nodes.before.map(({ name }) => name));
  const stable = facts.nodes.after.filter(({ name }) => before.has(name));
  // Where flannel has annotated some nodes, one without annotations takes no part in its overlay.
  const annotated = stable.filter((node) => node.annotated.length > 0);
  const members = annotated.length > 0 ? annotated : stable;
  return new Map(members.map((node) => [node.name, node]));
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

/** A pod on a node that no list holds: the list is not whole, or the node has just left. */
function unlistedPods(
  facts: Facts,
  listed: ReadonlyMap<string, ClusterNode> | undefined,
): readonly Problem[] {
  if (listed === undefined) return [];
  const known = new Set(facts.nodes?.after.map(({ name }) => name));
  const unlisted = groupBy(
    facts.pods.filter(({ node }) => !known.has(node)),
    ({ node }) => node,
  );
  return [...unlisted].map(([where, pods]) => ({
    where,
    message: `pod ${pods[0]?.namespace}/${pods[0]?.name} runs on this node, but no node list holds it: not judged`,
  }));
}
