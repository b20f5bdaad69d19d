import { ListCommandsCommand, SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Action } from '../../../shared/contract/probe.ts';
import type { Targets } from '../../../shared/contract/settings.ts';
import { abortAt, type Deadline, remaining, sleep } from '../../deadline.ts';
import { type Answers, isWaiting } from './answers.ts';
import { listAnswers } from './invocations.ts';

/** One command to many hosts. */
export interface Command {
  readonly action: Action;
  readonly targets: Targets;
  /** Comma-separated entries, for the second look. */
  readonly wanted?: string;
}

export interface RunCommand {
  /** Returns the command's id. Throws where the service refuses the command. */
  send(command: Command, deadline: Deadline): Promise<string>;
  /** Waits for the answers of all hosts but those given up, and no longer than `until`. */
  collect(commandId: string, waiting: Waiting): Promise<Answers>;
  /** What has come by now. */
  peek(commandId: string, deadline: Deadline): Promise<Answers>;
}

export interface Waiting {
  readonly until: Deadline;
  /** By when the answers must have been listed. */
  readonly deadline: Deadline;
  /** Managed nodes that were silent already in the last run: nobody waits for them. */
  readonly givenUp: ReadonlySet<string>;
}

/** Seconds in which a host must take the command up; the least that the service allows. */
const DELIVERY_SECONDS = 30;

/** The service lists nothing right after a command was sent. */
const FIRST_POLL_MS = 1000;
const POLL_MS = 1500;

export function runCommand(client: SSMClient, document: string): RunCommand {
  return {
    send: async (command, deadline) => await send(client, document, { command, deadline }),
    collect: async (commandId, waiting) => await collect(client, commandId, waiting),
    peek: async (commandId, deadline) => await listAnswers(client, commandId, deadline),
  };
}

async function send(
  client: SSMClient,
  document: string,
  { command, deadline }: { readonly command: Command; readonly deadline: Deadline },
): Promise<string> {
  const { action, targets, wanted } = command;
  const { Command: sent } = await client.send(
    new SendCommandCommand({
      DocumentName: document,
      Targets: targets.map(({ Key, Values }) => ({ Key, Values: [...Values] })),
      Parameters: { Action: [action], ...(wanted === undefined ? {} : { Wanted: [wanted] }) },
      // The service's defaults end the whole command at its first failure: the very fault that is
      // looked for would make the watch blind.
      MaxConcurrency: '100%',
      MaxErrors: '100%',
      TimeoutSeconds: DELIVERY_SECONDS,
      Comment: `vtepwatch ${action}`,
    }),
    { abortSignal: abortAt(deadline) },
  );
  if (sent?.CommandId === undefined) {
    throw new Error(`sending the command ${action}: Systems Manager returned no command id`);
  }
  return sent.CommandId;
}

async function collect(client: SSMClient, commandId: string, waiting: Waiting): Promise<Answers> {
  const { until, deadline, givenUp } = waiting;
  await sleep(FIRST_POLL_MS, until);
  for (;;) {
    const counts = await count(client, commandId, until);
    const timeIsUp = remaining(until) <= POLL_MS;
    // Listing costs a call for every fifty hosts, counting one in all: list when it is worth it.
    if (timeIsUp || counts.settled || counts.completed + givenUp.size >= counts.targets) {
      const answers = await listAnswers(client, commandId, deadline);
      // The list may come later than the counts.
      const listed = answers.byInstance.size > 0 || counts.targets === 0;
      if (timeIsUp || (counts.settled && listed) || !isWaiting(answers, givenUp)) return answers;
    }
    await sleep(POLL_MS, until);
  }
}

interface Counts {
  readonly targets: number;
  readonly completed: number;
  /** Nobody will answer any more. */
  readonly settled: boolean;
}

const SETTLED = new Set(['Success', 'Failed', 'TimedOut', 'Cancelled']);

/** The service counts late, and may be asked again: a count that fails is no count yet. */
async function count(client: SSMClient, commandId: string, until: Deadline): Promise<Counts> {
  try {
    const { Commands } = await client.send(new ListCommandsCommand({ CommandId: commandId }), {
      abortSignal: abortAt(until),
    });
    const command = Commands?.[0];
    const settled = SETTLED.has(command?.Status ?? '');
    return {
      // Right after a command was sent it has none yet.
      targets: command?.TargetCount || (settled ? 0 : Infinity),
      completed: command?.CompletedCount ?? 0,
      settled,
    };
  } catch {
    return { targets: Infinity, completed: 0, settled: false };
  }
}
