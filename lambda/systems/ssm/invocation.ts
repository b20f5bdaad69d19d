import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandOutput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ErrorType } from '../../../shared/contract/telemetry.ts';
import { printable } from '../../../shared/core/plain-text.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import type { HostAnswer } from './answers.ts';
import { type SilenceKind, withAdvice } from '../../../shared/core/silence.ts';
import { unpack } from './packed.ts';
import { retryThrottled } from './retry-throttled.ts';

/** What a page has of one host: its answer, or only the beginning of an answer (`cut`). */
type ListedAnswer = HostAnswer | { readonly kind: 'cut'; readonly text: string };

/** Reads one host's part of a page. */
export async function readListed(invocation: CommandInvocation): Promise<ListedAnswer> {
  const output = invocation.CommandPlugins?.[0]?.Output ?? '';
  const unanswered = readStatus(invocation, failureText(output));
  if (unanswered !== undefined) return unanswered;
  return wasCut(output) ? { kind: 'cut', text: output } : await unpack(withoutErrors(output));
}

/** Fetches the answer of one host: up to 24,000 bytes. Throws where the service refuses. */
export async function fetchAnswer(
  client: SSMClient,
  { commandId, instanceId }: { readonly commandId: string; readonly instanceId: string },
  deadline: Deadline,
): Promise<HostAnswer> {
  const request = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
  const fetched = await retryThrottled(
    () => client.send(request, { abortSignal: abortAt(deadline) }),
    deadline,
  );
  return await readFetched(fetched);
}

async function readFetched(fetched: GetCommandInvocationCommandOutput): Promise<HostAnswer> {
  const { StandardOutputContent = '', StandardErrorContent = '' } = fetched;
  const output = firstLine(StandardErrorContent) || firstLine(StandardOutputContent);
  return readStatus(fetched, output) ?? (await unpack(StandardOutputContent));
}

const PENDING = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** Why there is no answer, or no answer yet; undefined where there is an answer. */
function readStatus(
  { Status, StatusDetails }: Pick<CommandInvocation, 'Status' | 'StatusDetails'>,
  output: string,
): HostAnswer | undefined {
  const details = StatusDetails ?? Status ?? 'without a status';
  if (PENDING.has(Status ?? '')) {
    const pending = { kind: 'pending', reason: `no answer yet (${details})` } as const;
    return Status === 'InProgress' ? { ...pending, underWay: true } : pending;
  }
  if (Status === 'Success') return output === '' ? NO_OUTPUT : undefined;
  const parts = [`the command ended as ${details}`, output].filter((part) => part !== '');
  const silence = silenceOf(details, output);
  const reason = parts.join(': ');
  return silence === undefined
    ? { kind: 'ended', reason, error: errorOf(details) }
    : { kind: 'ended', reason: withAdvice(reason, silence), silence, error: errorOf(details) };
}

/** The script always prints something. The agent reports Success where it could write nothing down. */
const NO_OUTPUT: HostAnswer = {
  kind: 'ended',
  reason: withAdvice('the command ended as Success without any output', 'disk-full'),
  silence: 'disk-full',
  error: 'bad_output',
};

/** Of a script that fails by itself the agent says its exit status on standard error. */
function silenceOf(details: string, output: string): SilenceKind | undefined {
  switch (details.replaceAll(' ', '')) {
    case 'Failed':
      if (output === '') return 'disk-full';
      return /signal: (?:killed|terminated|aborted)/.test(output) ? 'killed' : undefined;
    case 'ExecutionTimedOut':
      return 'timed-out';
    default:
      return undefined;
  }
}

/** AWS spells the details with spaces in some places and without them in others. */
function errorOf(details: string): ErrorType {
  switch (details.replaceAll(' ', '')) {
    case 'DeliveryTimedOut':
    case 'ExecutionTimedOut':
      return 'timeout';
    case 'Undeliverable':
      return 'undeliverable';
    case 'AccessDenied':
      return 'access_denied';
    default:
      return '_OTHER';
  }
}

/** How many bytes of output a page holds for a host. */
const PAGE_OUTPUT_BYTES = 2500;

/** The agent's mark in an output that it cut (amazon-ssm-agent, iohandler.go). */
const CUT_MARK = '---Output truncated---';

/** What the agent puts between standard output and standard error. */
const ERROR_MARK = '\n----------ERROR-------\n';

function wasCut(output: string): boolean {
  return output.includes(CUT_MARK) || output.length >= PAGE_OUTPUT_BYTES;
}

function withoutErrors(output: string): string {
  // The first mark counts: the script never prints such a line, but its errors may quote one.
  const at = output.indexOf(ERROR_MARK);
  return at < 0 ? output : output.slice(0, at);
}

/** The first line of a failed script's errors or, where it has none, of its output. */
function failureText(output: string): string {
  const answer = withoutErrors(output);
  return firstLine(output.slice(answer.length + ERROR_MARK.length)) || firstLine(answer);
}

/** What a host wrote beside its answer ends up in reports and logs, so it is made safe to show here. */
function firstLine(text: string): string {
  return printable((text.trim().split('\n', 1)[0] ?? '').slice(0, 160));
}
