/** SendCommand, ListCommands, ListCommandInvocations, GetCommandInvocation and CancelCommand. */
import { clientError } from '../aws-json.ts';
import type { Command, Invocation } from './command.ts';
import { commandAnswer, detailedAnswer, invocationAnswer, joinedBy } from './command-answers.ts';
import type { View } from './command-answers.ts';
import type { Commands } from './commands.ts';
import type { Nodes } from './nodes.ts';
import { pageOf } from './pages.ts';
import { invocationStatus } from './statuses.ts';
import type { StatusPair } from './statuses.ts';
import type {
  CancelCommandRequest,
  GetCommandInvocationRequest,
  ListCommandInvocationsRequest,
  ListCommandsRequest,
  SendCommandRequest,
} from './requests.ts';

interface CommandContext {
  readonly commands: Commands;
  readonly nodes: Nodes;
  readonly view: View;
  /** For so long after SendCommand, its invocations are not there. */
  readonly invisibleMilliseconds: number;
}

type Filters = readonly { readonly key: string; readonly value: string }[];

/** The service's default for both lists. */
const PAGE_SIZE = 50;

export function sendCommand(request: SendCommandRequest, context: CommandContext): object {
  const command = context.commands.send(request);
  // The answer is older than any count.
  const view = { ...context.view, countsLateMilliseconds: Number.POSITIVE_INFINITY };
  return { Command: commandAnswer(command, view) };
}

export function listCommands(request: ListCommandsRequest, context: CommandContext): object {
  const { commands, view } = context;
  if (request.CommandId !== undefined && commands.find(request.CommandId) === undefined) {
    throw clientError('InvalidCommandId', 'Invalid command id.');
  }
  const answers = commands
    .all()
    .filter(({ id }) => request.CommandId === undefined || id === request.CommandId)
    .filter((command) => concerns(command, request.InstanceId))
    .filter((command) => passes(command.document.name, undefined, request.Filters))
    .map((command) => commandAnswer(command, view));
  const page = pageOf(answers, {
    list: `commands ${request.CommandId ?? ''} ${request.InstanceId ?? ''}`,
    size: request.MaxResults ?? PAGE_SIZE,
    token: request.NextToken,
  });
  return { Commands: page.items, NextToken: page.nextToken };
}

export function listCommandInvocations(
  request: ListCommandInvocationsRequest,
  context: CommandContext,
): object {
  const { commands, nodes, view } = context;
  const all = commands
    .all()
    .filter(({ id }) => request.CommandId === undefined || id === request.CommandId)
    .filter((command) => isVisible(command, context))
    .flatMap((command) => invocationsOf(command, request.InstanceId, view))
    .filter(({ command, invocation }) => {
      const pair = invocationStatus(invocation.status, 'joined');
      return passes(command.document.name, pair, request.Filters);
    });
  const page = pageOf(all, {
    list: `invocations ${request.CommandId ?? ''} ${request.InstanceId ?? ''}`,
    size: request.MaxResults ?? PAGE_SIZE,
    token: request.NextToken,
  });
  const details = request.Details ?? false;
  return {
    CommandInvocations: page.items.map(({ command, invocation }) =>
      invocationAnswer(command, invocation, { ...view, nodes, details }),
    ),
    NextToken: page.nextToken,
  };
}

export function getCommandInvocation(
  request: GetCommandInvocationRequest,
  context: CommandContext,
): object {
  const command = context.commands.find(request.CommandId);
  if (command === undefined || !isVisible(command, context)) {
    throw clientError('InvocationDoesNotExist', '');
  }
  const [found] = invocationsOf(command, request.InstanceId, context.view);
  if (found === undefined) throw clientError('InvocationDoesNotExist', '');
  if (request.PluginName !== undefined && request.PluginName !== command.document.step) {
    throw clientError('InvalidPluginName', `No step ${request.PluginName}.`);
  }
  return detailedAnswer(command, found.invocation, context.view);
}

export function cancelCommand(request: CancelCommandRequest, { commands }: CommandContext): object {
  const command = commands.find(request.CommandId);
  if (command === undefined) throw clientError('InvalidCommandId', 'Invalid command id.');
  const ids = request.InstanceIds ?? [];
  const strange = ids.find((id) => !command.invocations.has(id));
  if (strange !== undefined) {
    throw clientError('InvalidInstanceId', `The command was not sent to ${strange}.`);
  }
  commands.cancel(command.id, ids.length > 0 ? ids : [...command.invocations.keys()]);
  return {};
}

function isVisible(command: Command, { view, invisibleMilliseconds }: CommandContext): boolean {
  return view.now - command.requestedAt >= invisibleMilliseconds;
}

function concerns(command: Command, instanceId: string | undefined): boolean {
  return instanceId === undefined || command.invocations.has(instanceId);
}

interface Listed {
  readonly command: Command;
  readonly invocation: Invocation;
}

function invocationsOf(
  command: Command,
  instanceId: string | undefined,
  { now, lateTargets }: View,
): readonly Listed[] {
  return joinedBy(now, command, lateTargets)
    .filter((invocation) => instanceId === undefined || invocation.instanceId === instanceId)
    .map((invocation) => ({ command, invocation }));
}

/** The lab knows two of the service's filters, and the first of an invocation only. */
function passes(documentName: string, status: StatusPair | undefined, filters?: Filters): boolean {
  return (filters ?? []).every(({ key, value }) => {
    if (key === 'DocumentName') return documentName === value;
    if (key === 'Status' && status !== undefined) {
      return status.Status === value || status.StatusDetails === value;
    }
    throw clientError('InvalidFilterKey', `The lab does not filter by ${key} here.`);
  });
}
