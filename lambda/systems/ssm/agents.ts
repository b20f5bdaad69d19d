import type { RosterEntry } from '../../../shared/core/facts.ts';
import type { Observation } from '../../../shared/core/overlay/vtep.ts';
import { formatTime } from '../../../shared/core/time.ts';
import type { Targets } from '../../../shared/contract/settings.ts';
import type { Deadline } from '../../deadline.ts';
import { type InventoryListing, type Inventory, isOnline, type ManagedNode } from './inventory.ts';

/** What vtepwatch remembers of the SSM agents of hosts that do not answer. */
export interface Agents {
  /** When the whole inventory was last read, epoch milliseconds. */
  readonly listedAt: number;
  /** Nodes whose agent is not Online, or whose host is silent. */
  readonly nodes: readonly ManagedNode[];
}

const HOUR_MS = 3_600_000;

/** How many silent hosts a run asks the inventory about: as many as fit into one call. */
const SILENT_HOSTS = 50;

/**
 * Learns why hosts are silent. It reads the whole inventory once an hour, with one call for every 50
 * nodes. In between, one call a run asks about silent hosts whose agent was Online when it was last read.
 * Where no host is silent it makes no call.
 */
export async function learnAgents(
  inventory: Inventory,
  known: {
    readonly agents: Agents | undefined;
    readonly observations: readonly Observation[];
    readonly targets: Targets;
    readonly now: number;
  },
  deadline: Deadline,
): Promise<{ readonly agents: Agents; readonly troubles: readonly string[] }> {
  const { observations, targets, now } = known;
  const { listedAt, nodes } = known.agents ?? { listedAt: -Infinity, nodes: [] };
  const heard = new Set(observations.flatMap((one) => (isSilent(one) ? [] : [idOf(one)])));
  const silent = new Set(observations.filter(isSilent).map(idOf));
  const remembered = nodes.filter(({ instanceId }) => !heard.has(instanceId));
  if (now - listedAt >= HOUR_MS) {
    const listed = await inventory.ofTargets(targets, deadline);
    const relevant = listed.nodes.filter(
      (node) => !heard.has(node.instanceId) && (isLost(node) || silent.has(node.instanceId)),
    );
    // Where the list is incomplete, a node that is missing in it may still be registered.
    const kept = listed.troubles.length === 0 ? [] : remembered;
    return { agents: { listedAt: now, nodes: merged(kept, relevant) }, troubles: listed.troubles };
  }
  const lost = new Set(remembered.filter(isLost).map(({ instanceId }) => instanceId));
  const asked = [...silent].filter((instanceId) => !lost.has(instanceId)).slice(0, SILENT_HOSTS);
  const found: InventoryListing =
    asked.length === 0 ? NOTHING : await inventory.ofNodes(asked, deadline);
  return {
    agents: { listedAt, nodes: merged(remembered, found.nodes) },
    troubles: found.troubles,
  };
}

const NOTHING: InventoryListing = { nodes: [], troubles: [] };

/**
 * Adds the state of its agent to each silent host, and adds the nodes that the command did not reach
 * because their agents are not Online.
 */
export function explainSilence(
  observations: readonly Observation[],
  agents: Agents | undefined,
  roster: readonly RosterEntry[] = [],
): readonly Observation[] {
  const names = new Map(roster.map(({ instanceId, node }) => [instanceId, node]));
  const nodes = new Map(agents?.nodes.map((node) => [node.instanceId, node]));
  const seen = new Set(observations.map(idOf));
  const explained = observations.map((observation): Observation => {
    const node = nodes.get(idOf(observation));
    return node !== undefined && observation.kind === 'unknown' && isSilent(observation)
      ? { ...observation, reason: `${observation.reason}; ${agentText(node)}` }
      : observation;
  });
  const unreached = [...nodes.values()].filter(
    (node) => isLost(node) && !seen.has(node.instanceId),
  );
  return [
    ...explained,
    ...unreached.map((node): Observation => ({
      kind: 'unknown',
      instanceId: node.instanceId,
      ...(names.has(node.instanceId) ? { node: names.get(node.instanceId) } : {}),
      reason: `no command reached it; ${agentText(node)}`,
      error: 'undeliverable',
    })),
  ];
}

/** Whether nothing came from the host. An answer that could not be read is not silence. */
function isSilent(observation: Observation): boolean {
  return observation.kind === 'unknown' && observation.error !== 'bad_output';
}

function isLost(node: ManagedNode): boolean {
  return !isOnline(node);
}

function agentText(node: ManagedNode): string {
  const { name, ping, lastPing } = node;
  if (!isLost(node)) return `its agent (${name}) is Online all the same`;
  const since = lastPing === undefined ? '' : ` since ${formatTime(lastPing)}`;
  return `its agent (${name}) is ${ping}${since}`;
}

function idOf(observation: Observation): string {
  return observation.kind === 'unknown'
    ? observation.instanceId
    : (observation.host.instanceId ?? '');
}

function merged(
  older: readonly ManagedNode[],
  newer: readonly ManagedNode[],
): readonly ManagedNode[] {
  return [...new Map([...older, ...newer].map((node) => [node.instanceId, node])).values()];
}
