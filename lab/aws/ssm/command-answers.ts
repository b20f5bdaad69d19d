/** Commands and invocations as the API's answers show them. */
import { LAB_REGION } from '../account.ts';
import { share, totalSeconds } from './command.ts';
import type { Command, Invocation } from './command.ts';
import type { Nodes } from './nodes.ts';
import { commandStatus, invocationStatus, isError, isFinal, pluginStatus } from './statuses.ts';
import type { InvocationStatus, Spelling } from './statuses.ts';

/** The plugin's code while it has none of its own. */
const NO_CODE = -1;

/** What an answer depends on besides the command. */
export interface View {
  readonly now: number;
  readonly spelling: Spelling;
  /** How far the counts of ListCommands are behind. */
  readonly countsLateMilliseconds: number;
  readonly lateTargets: LateTargets;
}

/** The last targets of every command, which join it late. */
export interface LateTargets {
  /** How many of them, from 0 to 1. */
  readonly share: number;
  /** How long after SendCommand they are neither counted nor listed. They run at once. */
  readonly milliseconds: number;
}

/** The command's invocations on the targets that have joined it by `now`. */
export function joinedBy(
  now: number,
  { invocations, requestedAt }: Command,
  { share: late, milliseconds }: LateTargets,
): readonly Invocation[] {
  const all = [...invocations.values()];
  return now - requestedAt >= milliseconds ? all : all.slice(0, Math.ceil(all.length * (1 - late)));
}

export function commandAnswer(command: Command, view: View): object {
  const { request, document } = command;
  return {
    CommandId: command.id,
    DocumentName: document.name,
    DocumentVersion: '$DEFAULT',
    Comment: request.comment,
    ExpiresAfter: command.requestedAt / 1000 + totalSeconds(command),
    Parameters: request.parameters,
    InstanceIds: request.instanceIds,
    Targets: request.targets.map(({ key, values }) => ({ Key: key, Values: values })),
    RequestedDateTime: command.requestedAt / 1000,
    ...countsOf(command, view),
    OutputS3Region: LAB_REGION,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: request.maxConcurrency,
    MaxErrors: request.maxErrors,
    ServiceRole: '',
    ...SENT_NOWHERE_ELSE,
    TimeoutSeconds: request.timeoutSeconds,
  };
}

interface InvocationView extends View {
  readonly details: boolean;
  readonly nodes: Nodes;
}

export function invocationAnswer(
  command: Command,
  invocation: Invocation,
  view: InvocationView,
): object {
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: view.nodes.find(invocation.instanceId)?.machine.name ?? '',
    Comment: command.request.comment,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: command.requestedAt / 1000,
    ...invocationStatus(invocation.status, view.spelling),
    TraceOutput: '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: view.details ? [pluginAnswer(command, invocation, view)] : [],
    ServiceRole: '',
    ...SENT_NOWHERE_ELSE,
  };
}

/** The answer of GetCommandInvocation. */
export function detailedAnswer(command: Command, invocation: Invocation, view: View): object {
  const { result, startedAt, endedAt } = invocation;
  const ran = startedAt !== undefined && endedAt !== undefined;
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.request.comment,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    PluginName: command.document.step,
    ResponseCode: result?.code ?? NO_CODE,
    ExecutionStartDateTime: startedAt === undefined ? '' : new Date(startedAt).toISOString(),
    ExecutionElapsedTime: ran ? `PT${(endedAt - startedAt) / 1000}S` : '',
    ExecutionEndDateTime: ran ? new Date(endedAt).toISOString() : '',
    ...invocationStatus(invocation.status, view.spelling),
    StandardOutputContent: result?.stdout ?? '',
    StandardOutputUrl: '',
    StandardErrorContent: result?.stderr ?? '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: SENT_NOWHERE_ELSE.CloudWatchOutputConfig,
  };
}

const SENT_NOWHERE_ELSE = {
  NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
  CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
} as const;

function pluginAnswer(command: Command, invocation: Invocation, view: View): object {
  const { startedAt, endedAt, result } = invocation;
  const times = {
    ...(startedAt === undefined ? {} : { ResponseStartDateTime: startedAt / 1000 }),
    ...(endedAt === undefined ? {} : { ResponseFinishDateTime: endedAt / 1000 }),
  };
  return {
    Name: command.document.step,
    ...pluginStatus(invocation.status, view.spelling),
    ResponseCode: result?.code ?? NO_CODE,
    ...times,
    Output: result?.listed ?? '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    OutputS3Region: LAB_REGION,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  };
}

/** The counts follow the invocations late, and right after SendCommand there are none at all. */
function countsOf(command: Command, view: View): object {
  const until = view.now - view.countsLateMilliseconds;
  const joined = joinedBy(until, command, view.lateTargets);
  const invocations = command.requestedAt > until ? [] : joined;
  const statuses = invocations.map(({ status, endedAt }): InvocationStatus => {
    return endedAt !== undefined && endedAt > until ? 'InProgress' : status;
  });
  const pair =
    command.requestedAt > until
      ? { Status: 'Pending', StatusDetails: 'Pending' }
      : commandStatus(statuses, errorsAllowed(command), view.spelling);
  return {
    ...pair,
    TargetCount: statuses.length,
    CompletedCount: statuses.filter(isFinal).length,
    ErrorCount: statuses.filter(isError).length,
    DeliveryTimedOutCount: statuses.filter((status) => status === 'DeliveryTimedOut').length,
  };
}

function errorsAllowed(command: Command): number {
  return share(command.request.maxErrors, command.invocations.size);
}
