import type { Facts, NodeList, RosterEntry } from '../facts.ts';
import type { ClusterNode } from '../overlay/vtep.ts';
import { isSameHost } from './identity.ts';
import type { ObservedHost } from './member.ts';

/** Which nodes take part in the overlay. */
interface TakingPart {
  readonly names: readonly string[];
  /** Those of them that Kubernetes lists. */
  readonly listed: ReadonlyMap<string, ClusterNode>;
  /** Nodes and hosts that exist and are not part of it. */
  readonly excluded: readonly string[];
  /** Nodes that one of the two lists lacks, and whose hosts answer with their devices as in the last run. */
  readonly delisted: ReadonlySet<string>;
}

const DAY_MS = 86_400_000;

/** See `membersOf`. */
export function takingPart(facts: Facts, hosts: ReadonlyMap<string, ObservedHost>): TakingPart {
  // Annotations of flannel's outlive it where another overlay has taken its place.
  if (isAnotherOverlay([...hosts.values()])) {
    return { names: [], listed: new Map(), excluded: [...hosts.keys()], delisted: new Set() };
  }
  return facts.nodes.kind === 'read'
    ? withList(facts, facts.nodes, hosts)
    : withoutList(facts, hosts);
}

/** No host has a VXLAN device, and some have that of an overlay which is not watched. */
function isAnotherOverlay(hosts: readonly ObservedHost[]): boolean {
  return (
    hosts.every(({ tables }) => (tables.devices ?? []).length === 0) &&
    hosts.some(({ tables }) => (tables.otherOverlays ?? []).length > 0)
  );
}

function withList(
  { roster }: Facts,
  nodes: Extract<NodeList, { kind: 'read' }>,
  hosts: ReadonlyMap<string, ObservedHost>,
): TakingPart {
  const before = new Map(nodes.before.map((node) => [node.name, node]));
  const stable = nodes.after.filter((node) => isSameNode(before.get(node.name), node));
  const remembered = nodesWithVtep(roster);
  // Where flannel has annotated some nodes, another one takes part only if it has shown a device.
  const annotates = stable.some(({ annotated }) => annotated.length > 0);
  const takesPart = ({ name, annotated }: ClusterNode): boolean =>
    !annotates ||
    annotated.length > 0 ||
    remembered.has(name) ||
    (hosts.get(name)?.tables.devices ?? []).length > 0;
  const listed = new Map(stable.filter(takesPart).map((node) => [node.name, node]));
  const after = new Set(nodes.after.map(({ name }) => name));
  const delisted = new Set(
    roster
      .filter(({ node }) => !(before.has(node) && after.has(node)) && remembered.has(node))
      .filter((entry) => answersAs(entry, hosts.get(entry.node)))
      .map(({ node }) => node),
  );
  return {
    delisted,
    names: [...listed.keys(), ...delisted].toSorted(),
    listed,
    excluded: stable.filter((node) => !takesPart(node)).map(({ name }) => name),
  };
}

function answersAs(entry: RosterEntry, observed: ObservedHost | undefined): boolean {
  const hasDevice = (observed?.tables.devices ?? []).length > 0;
  return observed !== undefined && hasDevice && isSameHost(observed.host, entry);
}

/** A node that was deleted and made again under its name is another node. */
function isSameNode(before: ClusterNode | undefined, { uid, instanceId }: ClusterNode): boolean {
  return before !== undefined && isEqual(before.uid, uid) && isEqual(before.instanceId, instanceId);
}

/** What one of two lists does not have says nothing. */
function isEqual(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

/** A host whose devices were read, and which has and had no overlay device, is not part of the overlay. */
function withoutList(facts: Facts, hosts: ReadonlyMap<string, ObservedHost>): TakingPart {
  const oldest = facts.now - facts.limits.rosterDays * DAY_MS;
  const renamed = renamedHosts(facts, hosts);
  const remembered = facts.roster.filter(
    (entry) => entry.lastSeen >= oldest && !renamed.has(entry),
  );
  const withVtep = nodesWithVtep(remembered);
  const excluded = new Set(
    [...hosts]
      .filter(([node, { tables }]) => tables.devices?.length === 0 && !withVtep.has(node))
      .map(([node]) => node),
  );
  const names = new Set([
    ...claimedNames(facts),
    ...remembered.map(({ node }) => node),
    ...facts.listedNames,
  ]);
  return {
    names: [...names].filter((node) => !excluded.has(node)).toSorted(),
    listed: new Map(),
    excluded: [...excluded],
    delisted: new Set(),
  };
}

/** Earlier names of hosts that now answer under another: one managed node is one node. */
function renamedHosts(
  { roster }: Facts,
  hosts: ReadonlyMap<string, ObservedHost>,
): ReadonlySet<RosterEntry> {
  const names = new Map([...hosts].map(([node, { host }]) => [host.instanceId, node]));
  return new Set(
    roster.filter(({ node, instanceId }) => {
      const now = instanceId === undefined ? undefined : names.get(instanceId);
      return now !== undefined && now !== node;
    }),
  );
}

/** Two hosts that claim one name are both unknown; the name still stands for a node. */
function claimedNames({ observations }: Facts): readonly string[] {
  return observations.flatMap((one) => (one.kind === 'unknown' ? [] : [one.host.node]));
}

/** Nodes with a known VTEP, or at least a device that was seen. */
function nodesWithVtep(roster: readonly RosterEntry[]): ReadonlySet<string> {
  const seen = roster.filter(({ vteps, devices }) => vteps.length + devices.length > 0);
  return new Set(seen.map(({ node }) => node));
}
