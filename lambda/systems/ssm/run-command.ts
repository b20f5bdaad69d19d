import { InvalidInstanceId, SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Action } from '../../../shared/contract/probe.ts';
import type { Targets } from '../../../shared/contract/settings.ts';
import { withAdvice } from '../../../shared/core/silence.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import { type Answers, type HostAnswer, NO_ANSWERS } from './answers.ts';
import { collect, type Collected, type WaitingForHosts } from './collect.ts';
import { type InventoryListing, inventory } from './inventory.ts';
import { fetchAnswer } from './invocation.ts';
import { listAnswers, listBeginnings } from './invocations.ts';
import { retryThrottled } from './retry-throttled.ts';

/** One command to many hosts. */
export interface Command {
  readonly action: Action;
  readonly targets: Targets;
  /** Comma-separated entries, for the second look; a page, for tables in full; buckets of the node list. */
  readonly wanted?: string;
}

/** A command that Systems Manager has taken. */
export interface SentCommand {
  /** Undefined where Systems Manager refused every host that the command names. */
  readonly id: string | undefined;
  /** Managed-node ids that Systems Manager refused: these hosts are no longer registered with it. */
  readonly refused: readonly string[];
}

/** Why a host that Systems Manager refused has no answer. */
export const REFUSED = {
  kind: 'ended',
  reason: withAdvice('it is no longer registered with Systems Manager', 'gone'),
  silence: 'gone',
  error: 'undeliverable',
} as const satisfies HostAnswer;

/** A command, and one of the hosts that it reached. */
interface SentTo {
  readonly commandId: string;
  readonly instanceId: string;
}

export interface RunCommand {
  /**
   * Sends a command. Systems Manager refuses a command that names a host which was terminated or is no
   * longer registered: then it is sent once more, without such hosts. Throws where it is refused for
   * another reason.
   */
  send(command: Command, deadline: Deadline): Promise<SentCommand>;
  /** Waits for the answers of all hosts but those given up, at most until `until`. */
  collect(commandId: string, waiting: WaitingForHosts): Promise<Collected>;
  /** How the answers by now begin: as much of each as a page has, and no call for the rest. */
  beginnings(commandId: string, deadline: Deadline): Promise<Answers>;
  /** One host's whole answer. Throws where the service refuses. */
  fetch(sent: SentTo, deadline: Deadline): Promise<HostAnswer>;
  /** The answers by now. */
  peek(commandId: string, deadline: Deadline): Promise<Answers>;
}

/** How long a host may take to receive the command, seconds: the least that the service allows. */
const DELIVERY_SECONDS = 30;

export function runCommand(client: SSMClient, document: string): RunCommand {
  const sendOnce = async (command: Command, deadline: Deadline): Promise<string> =>
    await send(client, document, { command, deadline });
  return {
    send: async (command, deadline) => {
      try {
        return { id: await sendOnce(command, deadline), refused: [] };
      } catch (error) {
        const refused = await refusedHosts(error, idsOf(command), async (ids) =>
          inventory(client).ofNodes(ids, deadline),
        );
        if (refused.length === 0) throw error;
        const rest = without(command, refused);
        return { id: rest && (await sendOnce(rest, deadline)), refused };
      }
    },
    collect: async (commandId, waiting) => await collect(client, commandId, waiting),
    beginnings: async (commandId, deadline) => await listBeginnings(client, commandId, deadline),
    fetch: async (sent, deadline) => await fetchAnswer(client, sent, deadline),
    peek: async (commandId, deadline) =>
      await listAnswers(client, { commandId, known: NO_ANSWERS.byInstance }, deadline),
  };
}

/** The target that names hosts by their managed-node ids. */
const BY_ID = 'InstanceIds';

/** The managed nodes that a command names, as opposed to those that it selects by tag. */
export function idsOf({ targets }: Command): readonly string[] {
  return targets.flatMap(({ Key, Values }) => (Key === BY_ID ? Values : []));
}

/**
 * The hosts that made Systems Manager refuse a command; none where it was refused for another reason.
 * The error usually names them. Where it does not, they are the hosts that the inventory does not list.
 */
async function refusedHosts(
  error: unknown,
  asked: readonly string[],
  look: (instanceIds: readonly string[]) => Promise<InventoryListing>,
): Promise<readonly string[]> {
  if (!(error instanceof InvalidInstanceId)) return [];
  const words = new Set(error.message.match(/\bm?i-\w+/g));
  const named = asked.filter((instanceId) => words.has(instanceId));
  if (named.length > 0) return named;
  const { nodes, troubles } = await look(asked);
  const registered = new Set(nodes.map(({ instanceId }) => instanceId));
  return troubles.length > 0 ? [] : asked.filter((instanceId) => !registered.has(instanceId));
}

/** The command to the other hosts; undefined where there are none. */
function without(command: Command, refused: readonly string[]): Command | undefined {
  const targets = command.targets.map(({ Key, Values }) => ({
    Key,
    Values: Key === BY_ID ? Values.filter((value) => !refused.includes(value)) : Values,
  }));
  return targets.some(({ Values }) => Values.length === 0) ? undefined : { ...command, targets };
}

async function send(
  client: SSMClient,
  document: string,
  { command, deadline }: { readonly command: Command; readonly deadline: Deadline },
): Promise<string> {
  const { action, targets, wanted } = command;
  const request = new SendCommandCommand({
    DocumentName: document,
    // CloudFormation makes a new document for a new script, so there is no second version. Anyone who
    // can add one and make it the default must not have it run by the function.
    DocumentVersion: '1',
    Targets: targets.map(({ Key, Values }) => ({ Key, Values: [...Values] })),
    Parameters: { Action: [action], ...(wanted === undefined ? {} : { Wanted: [wanted] }) },
    // By default, Systems Manager ends the whole command at its first failure: then a fault on one
    // host would hide all others.
    MaxConcurrency: '100%',
    MaxErrors: '100%',
    TimeoutSeconds: DELIVERY_SECONDS,
    Comment: `vtepwatch ${action}`,
  });
  const { Command: sent } = await retryThrottled(
    () => client.send(request, { abortSignal: abortAt(deadline) }),
    deadline,
  );
  if (sent?.CommandId === undefined) {
    throw new Error(`sending the command ${action}: Systems Manager returned no command id`);
  }
  return sent.CommandId;
}
