import {
  CloudFormationClient,
  ListStacksCommand,
  type StackStatus,
} from '@aws-sdk/client-cloudformation';
import { clusterDescribedBy } from '../../shared/contract/deployment.ts';
import { clusterNameSchema } from '../../shared/contract/settings.ts';
import { clientConfig } from './client-config.ts';
import type { KnownCluster } from './clusters.ts';
import { trouble } from './trouble.ts';

/** In these a stack has its function. Deleted stacks, which are listed for 90 days, are in none. */
const DEPLOYED: readonly StackStatus[] = [
  'CREATE_COMPLETE',
  'UPDATE_IN_PROGRESS',
  'UPDATE_COMPLETE',
  'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
  'UPDATE_FAILED',
  'UPDATE_ROLLBACK_IN_PROGRESS',
  'UPDATE_ROLLBACK_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  'UPDATE_ROLLBACK_FAILED',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
  'DELETE_FAILED',
];

/** The clusters that have a stack in the operator's account and Region, and what the Region is. */
export async function deployedClusters(
  region: string | undefined,
): Promise<{ readonly clusters: readonly KnownCluster[]; readonly region: string }> {
  const client = new CloudFormationClient(clientConfig(region));
  try {
    const place = await client.config.region();
    const clusters: KnownCluster[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new ListStacksCommand({ StackStatusFilter: [...DEPLOYED], NextToken }),
      );
      clusters.push(...(page.StackSummaries ?? []).flatMap((stack) => clusterOf(stack, place)));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return { clusters, region: place };
  } catch (error) {
    throw trouble('looking for the stacks of vtepwatch', error);
  } finally {
    client.destroy();
  }
}

function clusterOf(
  {
    StackName: stack,
    TemplateDescription: description = '',
  }: {
    readonly StackName?: string | undefined;
    readonly TemplateDescription?: string | undefined;
  },
  region: string,
): readonly KnownCluster[] {
  const name = clusterNameSchema.safeParse(clusterDescribedBy(description));
  return name.success && stack !== undefined ? [{ name: name.data, stack, region }] : [];
}
