import type { SSMClient } from '@aws-sdk/client-ssm';
import { deadlineIn } from '../lambda/deadline.ts';
import { inventory, isOnline } from '../lambda/systems/ssm/inventory.ts';
import { systemClock } from '../lambda/systems/system-clock.ts';
import type { Step } from './diary.ts';
import type { HostOutput } from './evidence.ts';
import { runOnHosts } from './hosts.ts';
import { factsOf, readyNodes, SHOW_LOG, SHOW_NODES, SHOW_VERSIONS } from './nodes.ts';
import { hostTargetsOf } from './settings.ts';
import type { Cluster, Surroundings } from './surroundings.ts';
import { awaited, there, untilThere } from './until.ts';

/** How long one look at the inventory may take, milliseconds. */
const INVENTORY_MS = 20_000;

/** The settings' tags must select these instances, and no other host of the account. */
export async function untilManaged(
  { instances, clients }: Surroundings,
  { ids }: Cluster,
  step: Step,
): Promise<void> {
  await untilThere(step, async () => {
    const { nodes, refused } = await inventory(clients.ssm).ofTargets(
      hostTargetsOf(instances.name),
      deadlineIn(INVENTORY_MS, systemClock),
    );
    if (refused !== undefined) throw refused;
    const others = nodes.filter(({ instanceId }) => !ids.includes(instanceId));
    if (others.length > 0) {
      const names = others.map(({ instanceId }) => instanceId).join(', ');
      throw new Error(`the tags of the trial select other hosts too: ${names}`);
    }
    const online = nodes.filter(isOnline);
    if (online.length === ids.length) return there(undefined);
    return awaited(`${online.length} of ${ids.length} instances are online`);
  });
}

export async function untilReady(
  { clients: { ssm }, note }: Surroundings,
  { server, ids }: Cluster,
  step: Step,
): Promise<void> {
  // What the nodes are counts, and not how far one question is.
  const asking = { signal: step.signal, awaits: () => undefined };
  try {
    await untilThere(step, async () => {
      const [answer] = await runOnHosts(ssm, { ids: [server], commands: SHOW_NODES }, asking);
      const ready = answer === undefined ? 0 : readyNodes(answer);
      if (ready === ids.length) return there(undefined);
      return awaited(`${ready} of ${ids.length} nodes are Ready`);
    });
  } catch (error) {
    note({ logs: await logsOf(ssm, ids) });
    throw error;
  }
  const shown = await runOnHosts(ssm, { ids, commands: SHOW_VERSIONS }, step);
  note({ hosts: shown.map(factsOf) });
}

/** How long the instances may take for the end of their logs, milliseconds. */
const LOGS_MS = 30_000;

async function logsOf(ssm: SSMClient, ids: readonly string[]): Promise<readonly HostOutput[]> {
  const step = { signal: AbortSignal.timeout(LOGS_MS), awaits: () => undefined };
  return await runOnHosts(ssm, { ids, commands: SHOW_LOG }, step).catch(() => []);
}
