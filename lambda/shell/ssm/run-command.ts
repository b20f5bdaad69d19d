import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Action } from '../../../shared/contract/probe.ts';
import type { Targets } from '../../../shared/contract/settings.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import { type Answers, NO_ANSWERS } from './answers.ts';
import { collect, type Waiting } from './collect.ts';
import { listAnswers } from './invocations.ts';
import { persist } from './persist.ts';

/** One command to many hosts. */
export interface Command {
  readonly action: Action;
  readonly targets: Targets;
  /** Comma-separated entries, for the second look; a page, for tables in full. */
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

/** Seconds in which a host must take the command up; the least that the service allows. */
const DELIVERY_SECONDS = 30;

export function runCommand(client: SSMClient, document: string): RunCommand {
  return {
    send: async (command, deadline) => await send(client, document, { command, deadline }),
    collect: async (commandId, waiting) => await collect(client, commandId, waiting),
    peek: async (commandId, deadline) =>
      await listAnswers(client, { commandId, known: NO_ANSWERS.byInstance }, deadline),
  };
}

async function send(
  client: SSMClient,
  document: string,
  { command, deadline }: { readonly command: Command; readonly deadline: Deadline },
): Promise<string> {
  const { action, targets, wanted } = command;
  const request = new SendCommandCommand({
    DocumentName: document,
    Targets: targets.map(({ Key, Values }) => ({ Key, Values: [...Values] })),
    Parameters: { Action: [action], ...(wanted === undefined ? {} : { Wanted: [wanted] }) },
    // The service's defaults end the whole command at its first failure: the very fault that is
    // looked for would make the watch blind.
    MaxConcurrency: '100%',
    MaxErrors: '100%',
    TimeoutSeconds: DELIVERY_SECONDS,
    Comment: `vtepwatch ${action}`,
  });
  const { Command: sent } = await persist(
    () => client.send(request, { abortSignal: abortAt(deadline) }),
    deadline,
  );
  if (sent?.CommandId === undefined) {
    throw new Error(`sending the command ${action}: Systems Manager returned no command id`);
  }
  return sent.CommandId;
}
