/** An endpoint and the real SDK's client for it, taken down when the test is over. */
import { SSMClient, ListCommandInvocationsCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import type { CommandInvocation, SendCommandCommandInput } from '@aws-sdk/client-ssm';
import { onTestFinished } from 'vitest';
import { startSsm } from '../../../../lab/aws/ssm/ssm.ts';
import type { Ssm, SsmOptions } from '../../../../lab/aws/ssm/ssm.ts';
import { absentMachine, shellMachine } from './shell-machine.ts';
import type { ShellMachine } from './shell-machine.ts';

export const DOCUMENT = 'Probe-Under-Test';

export interface Account {
  readonly ssm: Ssm;
  readonly client: SSMClient;
  /** Sends to InstanceIds or Targets as given, and gives the command's id. */
  readonly send: (input?: Partial<SendCommandCommandInput>) => Promise<string>;
}

/** One document whose script is given, on nodes that are given. Everything is visible at once. */
export async function account(
  script: string,
  options: Omit<SsmOptions, 'documents'>,
): Promise<Account> {
  const ssm = await startSsm({
    documents: new Map([[DOCUMENT, documentOf(script)]]),
    ...options,
    behaviour: { invisibleMilliseconds: 0, countsLateMilliseconds: 0, ...options.behaviour },
  });
  onTestFinished(() => ssm.close());
  const client = clientOf(ssm.url);
  onTestFinished(() => client.destroy());
  const all = options.nodes.map((node) => node.machine.instanceId);
  return {
    ssm,
    client,
    send: async (input = {}) => {
      const InstanceIds = input.Targets === undefined ? all : undefined;
      const request = { DocumentName: DOCUMENT, InstanceIds, ...input };
      const { Command } = await client.send(new SendCommandCommand(request));
      return Command?.CommandId ?? '';
    },
  };
}

/** An account whose nodes 1 to `count` say `ok` to every command. */
export async function answering(
  count: number,
  options: Partial<Omit<SsmOptions, 'documents' | 'nodes'>> = {},
): Promise<Account> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const nodes = numbers.map((number) => ({
    machine: absentMachine(number),
    tags: { cluster: 'lab', role: number <= 3 ? 'master' : 'worker' },
  }));
  const made = await account('', { nodes, ...options });
  for (const { machine: node } of nodes) {
    made.ssm.behaveNode(node.instanceId, { kind: 'answers', stdout: 'ok' });
  }
  return made;
}

export function clientOf(endpoint: string, maxAttempts = 1): SSMClient {
  return new SSMClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  });
}

export async function machine(name = 'node1', number = 1): Promise<ShellMachine> {
  const made = await shellMachine(name, number);
  onTestFinished(() => made.remove());
  return made;
}

export function documentOf(script: string, timeoutSeconds = 60): object {
  return {
    schemaVersion: '2.2',
    description: 'For tests',
    parameters: {
      Action: { type: 'String', default: 'tables', allowedPattern: '^(tables|entries)$' },
      Wanted: { type: 'String', default: '', allowedPattern: '^[$a-z.]{0,100}$' },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'probe',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: String(timeoutSeconds), runCommand: script.split('\n') },
      },
    ],
  };
}

const POLL_MILLISECONDS = 10;
const POLLS = 1500;

/** Polls until there is something; the bound is far beyond what any test needs. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let poll = 0; poll < POLLS; poll += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MILLISECONDS);
    });
  }
  throw new Error('What the test waits for did not come.');
}

/** The command's first 50 invocations, once `fits` holds for all of them. */
export async function invocations(
  { client }: Account,
  CommandId: string,
  fits: (invocation: CommandInvocation) => boolean = isOver,
): Promise<readonly CommandInvocation[]> {
  return until(async () => {
    const list = new ListCommandInvocationsCommand({ CommandId, Details: true });
    const { CommandInvocations = [] } = await client.send(list);
    return CommandInvocations.length > 0 && CommandInvocations.every(fits)
      ? CommandInvocations
      : undefined;
  });
}

export async function invocation(
  made: Account,
  commandId: string,
  fits: (invocation: CommandInvocation) => boolean = isOver,
): Promise<CommandInvocation> {
  const [first] = await invocations(made, commandId, fits);
  if (first === undefined) throw new Error('The command has no invocation.');
  return first;
}

export function outputOf({ CommandPlugins = [] }: CommandInvocation): string | undefined {
  return CommandPlugins[0]?.Output;
}

function isOver({ Status }: CommandInvocation): boolean {
  return ['Success', 'Failed', 'TimedOut', 'Cancelled'].includes(String(Status));
}
