import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { Targets } from '../../../shared/contract/settings.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { retryThrottled } from './retry-throttled.ts';

/** What Systems Manager knows of one managed node. */
export interface ManagedNode {
  readonly instanceId: string;
  /** What the agent calls its computer: only shown to people, since a host can claim any name. */
  readonly name: string;
  /** `Online`, `ConnectionLost` or `Inactive`: up to five minutes late, since agents report that often. */
  readonly ping: string;
  /** When the agent last reported, epoch milliseconds. */
  readonly lastPing: number | undefined;
}

/** Whether the agent can take a command, as far as Systems Manager knows. */
export function isOnline({ ping }: ManagedNode): boolean {
  return ping === 'Online';
}

export interface InventoryListing {
  readonly nodes: readonly ManagedNode[];
  /** What could not be read; `nodes` has what was read before. */
  readonly troubles: readonly string[];
  /** The error that ended the reading, where one did. */
  readonly refused?: unknown;
}

export interface Inventory {
  /** The nodes that targets select, whether they answer or not. One call for every 50 nodes. */
  ofTargets(targets: Targets, deadline: Deadline): Promise<InventoryListing>;
  /** These nodes, without those that are no longer registered. One call for every 50 nodes. */
  ofNodes(instanceIds: readonly string[], deadline: Deadline): Promise<InventoryListing>;
}

/** Needs the permission `ssm:DescribeInstanceInformation`. Its functions never throw. */
export function inventory(client: SSMClient): Inventory {
  return {
    ofTargets: async (targets, deadline) => {
      const filters = targets.filter(({ Key }) => /^tag(:|-key$)/.test(Key));
      if (filters.length === 0) return NOT_BY_TAG;
      return await list(client, filters.map(toFilter), deadline);
    },
    ofNodes: async (instanceIds, deadline) => {
      const found: InventoryListing[] = [];
      for (let from = 0; from < instanceIds.length; from += PAGE_NODES) {
        const Values = instanceIds.slice(from, from + PAGE_NODES);
        found.push(await list(client, [{ Key: 'InstanceIds', Values }], deadline));
      }
      return {
        nodes: found.flatMap(({ nodes }) => nodes),
        troubles: found.flatMap(({ troubles }) => troubles),
      };
    },
  };
}

/** Nodes on one page: the most that the service returns. */
export const PAGE_NODES = 50;

/** Pages that are read at most: 10,000 nodes, as many as answers are read from. */
const PAGES = 200;

const NOT_BY_TAG: InventoryListing = {
  nodes: [],
  troubles: ['the inventory can be asked by tag alone, and the targets name none'],
};

function toFilter({ Key, Values }: Targets[number]): InstanceInformationStringFilter {
  return { Key, Values: [...Values] };
}

async function list(
  client: SSMClient,
  filters: InstanceInformationStringFilter[],
  deadline: Deadline,
): Promise<InventoryListing> {
  const nodes: ManagedNode[] = [];
  let next: string | undefined;
  for (let page = 1; page <= PAGES; page++) {
    const request = new DescribeInstanceInformationCommand({
      Filters: filters,
      MaxResults: PAGE_NODES,
      NextToken: next,
    });
    try {
      const answer = await retryThrottled(
        () => client.send(request, { abortSignal: abortAt(deadline) }),
        deadline,
      );
      nodes.push(...(answer.InstanceInformationList ?? []).map(toNode));
      next = answer.NextToken;
    } catch (error) {
      const troubles = [`reading the inventory, page ${page}: ${errorText(error)}`];
      return { nodes, troubles, refused: error };
    }
    // The last page has an empty token, or none.
    if (next === undefined || next === '') return { nodes, troubles: [] };
  }
  const most = PAGES * PAGE_NODES;
  return { nodes, troubles: [`more than ${most} managed nodes: the rest was not read`] };
}

function toNode(information: InstanceInformation): ManagedNode {
  const { InstanceId = '', ComputerName, Name, PingStatus, LastPingDateTime } = information;
  return {
    instanceId: InstanceId,
    name: ComputerName || Name || InstanceId,
    ping: PingStatus ?? 'without a status',
    lastPing: LastPingDateTime?.getTime(),
  };
}
