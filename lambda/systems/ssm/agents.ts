import type { RosterEntry } from '../../../shared/core/facts.ts';
import type { Observation } from '../../../shared/core/overlay/vtep.ts';
import { type SilenceKind, withAdvice } from '../../../shared/core/silence.ts';
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
  /** Managed-node ids that earlier runs remember, and that the inventory no longer has. */
  readonly gone: readonly string[];
}

const HOUR_MS = 3_600_000;

/** How many silent or missing hosts a run asks the inventory about: as many as fit into one call. */
const SILENT_HOSTS = 50;

/**
 * Learns why hosts are silent. It reads the whole inventory once an hour, with one call for every 50
 * nodes. In between, one call a run asks about silent hosts whose agent was Online when it was last read,
 * and about hosts that the command did not reach. Where all answer it makes no call.
 */
export async function learnAgents(
  inventory: Inventory,
  known: {
    readonly agents: Agents | undefined;
    readonly observations: readonly Observation[];
    readonly roster: readonly RosterEntry[];
    readonly targets: Targets;
    readonly now: number;
  },
  deadline: Deadline,
): Promise<{ readonly agents: Agents; readonly troubles: readonly string[] }> {
  const { observations, targets, now } = known;
  const { listedAt, nodes, gone } = known.agents ?? { listedAt: -Infinity, nodes: [], gone: [] };
  const heard = new Set(observations.flatMap((one) => (isSilent(one) ? [] : [idOf(one)])));
  const silent = new Set(observations.filter(isSilent).map(idOf));
  const remembered = nodes.filter(({ instanceId }) => !heard.has(instanceId));
  const missing = missingIn(known);
  if (now - listedAt >= HOUR_MS) {
    const listed = await inventory.ofTargets(targets, deadline);
    const relevant = listed.nodes.filter(
      (node) => !heard.has(node.instanceId) && (isLost(node) || silent.has(node.instanceId)),
    );
    // Where the list is incomplete, a node that is missing in it may still be registered.
    const isWhole = listed.troubles.length === 0;
    const kept = isWhole ? [] : remembered;
    return {
      agents: {
        listedAt: now,
        nodes: merged(kept, relevant),
        gone: isWhole ? without(missing, listed.nodes) : gone.filter((id) => missing.has(id)),
      },
      troubles: listed.troubles,
    };
  }
  const lost = new Set(remembered.filter(isLost).map(({ instanceId }) => instanceId));
  const explained = lost.union(new Set(gone));
  const asked = [...silent.union(missing)]
    .filter((instanceId) => !explained.has(instanceId))
    .slice(0, SILENT_HOSTS);
  const found: InventoryListing =
    asked.length === 0 ? NOTHING : await inventory.ofNodes(asked, deadline);
  const notFound = found.troubles.length === 0 ? without(new Set(asked), found.nodes) : [];
  return {
    agents: {
      listedAt,
      nodes: merged(remembered, found.nodes),
      gone: [...gone, ...notFound].filter((id) => missing.has(id)),
    },
    troubles: found.troubles,
  };
}

/** Hosts that earlier runs knew, and that the command of this one did not reach. */
function missingIn({
  observations,
  roster,
}: {
  readonly observations: readonly Observation[];
  readonly roster: readonly RosterEntry[];
}): ReadonlySet<string> {
  const reached = new Set(observations.map(idOf));
  return new Set(roster.flatMap(({ instanceId }) => instanceId ?? [])).difference(reached);
}

function without(ids: ReadonlySet<string>, nodes: readonly ManagedNode[]): readonly string[] {
  return [...ids.difference(new Set(nodes.map(({ instanceId }) => instanceId)))];
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
  // Where most hosts are silent the service has failed, which says nothing of any one agent.
  const isOutage = observations.filter(isSilent).length * 2 > observations.length;
  const explained = observations.map((observation): Observation => {
    const node = nodes.get(idOf(observation));
    return node !== undefined &&
      observation.kind === 'unknown' &&
      isUnexplained(observation, node) &&
      !(isOutage && !isLost(node))
      ? { ...observation, ...silenceOf(observation.reason, node) }
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
      ...silenceOf('no command reached it', node),
      error: 'undeliverable',
    })),
  ];
}

/** A command that came to an end on the host, however, is no matter of its agent. */
function isUnexplained(
  { silence, error, isSlow }: Extract<Observation, { kind: 'unknown' }>,
  node: ManagedNode,
): boolean {
  if (silence !== undefined || (isSlow === true && !isLost(node))) return false;
  return error === 'timeout' || error === 'undeliverable' || (error === '_OTHER' && isLost(node));
}

/** Whether nothing came from the host. An answer that could not be read is not silence. */
function isSilent(observation: Observation): boolean {
  return observation.kind === 'unknown' && observation.error !== 'bad_output';
}

function isLost(node: ManagedNode): boolean {
  return !isOnline(node);
}

function silenceOf(
  reason: string,
  node: ManagedNode,
): { readonly reason: string; readonly silence: SilenceKind } {
  const silence = isLost(node) ? 'disconnected' : 'stuck';
  return { reason: withAdvice(`${reason}; ${agentText(node)}`, silence), silence };
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
