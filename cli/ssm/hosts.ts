import { SSMClient } from '@aws-sdk/client-ssm';
import type { Targets } from '../../shared/contract/settings.ts';
import { deadlineIn } from '../../lambda/deadline.ts';
import { inventory, type ManagedNode } from '../../lambda/systems/ssm/inventory.ts';
import { RETRIES } from '../../lambda/systems/ssm/retry-throttled.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { clientConfig } from '../deployed/client-config.ts';
import { trouble } from '../deployed/trouble.ts';
import { Failure } from '../failure.ts';
import { during, remark } from '../progress.ts';

/** The hosts with some tags, and the service that they are registered with. */
export interface ManagedHosts {
  readonly client: SSMClient;
  readonly nodes: readonly ManagedNode[];
  readonly targets: Targets;
  /** The client's own. */
  readonly region: string;
}

/** Finds the hosts, does something with them, and closes the client. Throws where there are none. */
export async function withManagedHosts<T>(
  { targets, region }: { readonly targets: Targets; readonly region: string | undefined },
  use: (hosts: ManagedHosts) => Promise<T>,
): Promise<T> {
  const client = new SSMClient({ ...clientConfig(region), ...RETRIES });
  try {
    const place = await client.config.region().catch((error: unknown) => {
      throw trouble('looking for the hosts', error);
    });
    const nodes = await during('looking for the hosts', nodesOf(client, targets));
    return await use({ client, nodes, targets, region: place });
  } finally {
    client.destroy();
  }
}

const INVENTORY_MS = 30_000;

async function nodesOf(client: SSMClient, targets: Targets): Promise<readonly ManagedNode[]> {
  const deadline = deadlineIn(INVENTORY_MS, systemClock);
  const { nodes, troubles, refused } = await inventory(client).ofTargets(targets, deadline);
  if (refused !== undefined) throw trouble('looking for the hosts', refused);
  for (const message of troubles) remark(message);
  if (nodes.length > 0) return nodes;
  throw new Failure(
    'unreachable',
    'no managed node has these tags: tag the hosts, or use --region to name another Region',
  );
}
