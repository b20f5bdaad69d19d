import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { Targets } from '../../../shared/contract/settings.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { retryThrottled } from './persist.ts';

/** What Systems Manager knows of one managed node. */
export interface ManagedNode {
  readonly instanceId: string;
  /** What the agent calls its computer: a name for people, since any host may claim any. */
  readonly name: string;
  /** `Online`, `ConnectionLost` or `Inactive`. Agents report every five minutes: it is that late. */
  readonly ping: string;
  /** When the agent last reported, epoch milliseconds. */
  readonly lastPing: number | undefined;
}

/** As far as the service knows, the agent can take a command. */
export function isOnline({ ping }: ManagedNode): boolean {
  return ping === 'Online';
}

export interface Inventoried {
  readonly nodes: readonly ManagedNode[];
  /** What could not be asked: what came before it is kept. */
  readonly troubles: readonly string[];
}

export interface Inventory {
  /** The nodes that targets select, whether they answer or not: a call for every fifty. */
  ofTargets(targets: Targets, deadline: Deadline): Promise<Inventoried>;
  /** These nodes; those that are not registered any more are missing. A call for every fifty. */
  ofNodes(instanceIds: readonly string[], deadline: Deadline): Promise<Inventoried>;
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
      const found: Inventoried[] = [];
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

/** The most that the service returns at once. */
export const PAGE_NODES = 50;

/** As many as answers are read of: 10,000 nodes. */
const PAGES = 200;

const NOT_BY_TAG: Inventoried = {
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
): Promise<Inventoried> {
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
      return { nodes, troubles: [`reading the inventory, page ${page}: ${errorText(error)}`] };
    }
    // The service ends its list with an empty token as well as without one.
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
