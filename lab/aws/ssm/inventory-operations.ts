/** DescribeInstanceInformation and GetParameter. */
import { LAB_ACCOUNT, LAB_REGION } from '../account.ts';
import { clientError } from '../aws-json.ts';
import { isReachable, type Nodes, type RegisteredNode } from './nodes.ts';
import { pageOf } from './pages.ts';
import type { DescribeInstanceInformationRequest, GetParameterRequest } from './requests.ts';

/** The service's default. */
const PAGE_SIZE = 10;

/** Agents report every five minutes, so a node is called lost long after it went. */
const HEARTBEAT_SECONDS = 300;

interface InventoryContext {
  readonly nodes: Nodes;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly secondMilliseconds: number;
  /** SecureStrings by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

export function describeInstanceInformation(
  request: DescribeInstanceInformationRequest,
  context: InventoryContext,
): object {
  const filters = request.Filters ?? [];
  const byTag = filters.filter(({ Key }) => /^tag[:-]/.test(Key));
  if (byTag.length > 0 && byTag.length < filters.length) {
    throw clientError('ValidationException', 'Tag filters cannot be combined with other filters.');
  }
  const found = context.nodes
    .all()
    .map((node) => ({ node, pingStatus: pingStatusOf(node, context) }))
    .filter((listed) => filters.every(({ Key, Values }) => fits(listed, Key, Values)));
  const page = pageOf(found, {
    list: `nodes ${JSON.stringify(filters)}`,
    size: request.MaxResults ?? PAGE_SIZE,
    token: request.NextToken,
  });
  return {
    InstanceInformationList: page.items.map((listed) => answerOf(listed, context)),
    NextToken: page.nextToken ?? '',
  };
}

export function getParameter(request: GetParameterRequest, context: InventoryContext): object {
  const value = context.parameters.get(request.Name);
  if (value === undefined) throw clientError('ParameterNotFound', `No parameter ${request.Name}.`);
  return {
    Parameter: {
      Name: request.Name,
      Type: 'SecureString',
      // Without decryption a reader gets what only KMS can read.
      Value: request.WithDecryption === true ? value : 'AQICAHgLabCiphertext',
      Version: 1,
      LastModifiedDate: 0,
      ARN: `arn:aws:ssm:${LAB_REGION}:${LAB_ACCOUNT}:parameter${request.Name}`,
      DataType: 'text',
    },
  };
}

interface ListedNode {
  readonly node: RegisteredNode;
  readonly pingStatus: 'Online' | 'ConnectionLost';
}

function pingStatusOf(node: RegisteredNode, context: InventoryContext): ListedNode['pingStatus'] {
  const silent = context.now - node.behavesSince;
  const { kind } = node.behaviour;
  const lost = kind === 'hibernates' || (kind === 'offline' && silent > heartbeat(context));
  return lost ? 'ConnectionLost' : 'Online';
}

function heartbeat({ secondMilliseconds }: InventoryContext): number {
  return HEARTBEAT_SECONDS * secondMilliseconds;
}

function fits({ node, pingStatus }: ListedNode, key: string, values: readonly string[]): boolean {
  if (key === 'InstanceIds') return values.includes(node.machine.instanceId);
  if (key === 'PingStatus') return values.includes(pingStatus);
  if (key === 'tag-key') return values.some((tag) => node.tags[tag] !== undefined);
  if (key.startsWith('tag:')) return values.includes(node.tags[key.slice('tag:'.length)] ?? '');
  throw clientError('InvalidFilterKey', `The lab does not filter by ${key}.`);
}

function answerOf({ node, pingStatus }: ListedNode, context: InventoryContext): object {
  const offline = !isReachable(node);
  return {
    InstanceId: node.machine.instanceId,
    PingStatus: pingStatus,
    LastPingDateTime: (offline ? node.behavesSince : context.now) / 1000,
    AgentVersion: '3.3.1142.0',
    IsLatestVersion: true,
    PlatformType: node.platform ?? 'Linux',
    PlatformName: 'Debian GNU/Linux',
    PlatformVersion: '13',
    ResourceType: 'ManagedInstance',
    SourceType: 'AWS::SSM::ManagedInstance',
    Name: node.machine.name,
    IPAddress: node.machine.underlayIp,
    ComputerName: node.machine.name,
  };
}
