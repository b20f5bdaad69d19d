import {
  type CommandInvocation,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { trouble } from '../cli/deployed/trouble.ts';
import type { Step } from './diary.ts';
import type { HostOutput } from './evidence.ts';
import { linesOf } from './lines.ts';
import { awaited, there, untilThere } from './until.ts';

/** A shell script as root on managed nodes, as a person on call would run it. */
interface Task {
  readonly ids: readonly string[];
  readonly commands: readonly string[];
}

/** How long a host may take to receive the commands, and to carry them out, seconds. */
const DELIVERY_SECONDS = 60;
const RUN_SECONDS = 120;

/** Runs commands on managed nodes and waits for all of them. Whether they succeeded, the caller decides. */
export async function runOnHosts(
  client: SSMClient,
  { ids, commands }: Task,
  step: Step,
): Promise<readonly HostOutput[]> {
  const doing = 'running commands on the hosts';
  const request = new SendCommandCommand({
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [...ids],
    Parameters: { commands: [...commands], executionTimeout: [String(RUN_SECONDS)] },
    TimeoutSeconds: DELIVERY_SECONDS,
    MaxErrors: '100%',
    Comment: 'vtepwatch trial',
  });
  const { Command } = await client
    .send(request, { abortSignal: step.signal })
    .catch((error: unknown) => {
      throw trouble(doing, error);
    });
  const list = new ListCommandInvocationsCommand({ CommandId: Command?.CommandId, Details: true });
  return await untilThere(step, async () => {
    const { CommandInvocations = [] } = await client
      .send(list, { abortSignal: step.signal })
      .catch((error: unknown) => {
        throw trouble(doing, error);
      });
    const ended = CommandInvocations.filter(({ Status = '' }) => !UNDER_WAY.has(Status));
    if (ended.length < ids.length) return awaited(`${ended.length} of ${ids.length} have answered`);
    return there(ended.map(outputOf));
  });
}

/** The same, where each host must succeed. */
export async function mustRunOnHosts(
  client: SSMClient,
  task: Task,
  step: Step,
): Promise<readonly HostOutput[]> {
  const outputs = await runOnHosts(client, task, step);
  const failed = outputs.find(({ exit }) => exit !== 0);
  if (failed === undefined) return outputs;
  throw new Error(
    `"${task.commands.join('; ')}" ended with ${failed.exit} on ${failed.host}: ${failed.output.join('; ')}`,
  );
}

const UNDER_WAY: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** The agent's exit status of a command that did not run at all. */
const NOT_RUN = -1;

function outputOf({ InstanceId = '', CommandPlugins, Status }: CommandInvocation): HostOutput {
  const [plugin] = CommandPlugins ?? [];
  const exit = plugin?.ResponseCode ?? NOT_RUN;
  return {
    host: InstanceId,
    exit: Status === 'Success' || exit !== 0 ? exit : NOT_RUN,
    output: linesOf(plugin?.Output ?? ''),
  };
}
