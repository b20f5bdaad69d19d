import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandOutput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ErrorType } from '../../../shared/contract/telemetry.ts';
import { abortAt, type Deadline } from '../../deadline.ts';
import type { HostAnswer } from './answers.ts';
import { unpack } from './packed.ts';
import { retryThrottled } from './persist.ts';

/** What a page tells of one host: its answer, or that this must be fetched by itself. */
type Listed = HostAnswer | { readonly kind: 'cut' };

/** Reads one host's part of a page. */
export async function readListed(invocation: CommandInvocation): Promise<Listed> {
  const output = invocation.CommandPlugins?.[0]?.Output ?? '';
  const unanswered = readStatus(invocation, saidBy(output));
  if (unanswered !== undefined) return unanswered;
  return wasCut(output) ? { kind: 'cut' } : await unpack(withoutErrors(output));
}

/** Fetches one host's answer by itself, with up to 24,000 bytes. Throws where the service refuses. */
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
  const said = firstLine(StandardErrorContent) || firstLine(StandardOutputContent);
  return readStatus(fetched, said) ?? (await unpack(StandardOutputContent));
}

const PENDING = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** Why there is no answer, or no answer yet. Undefined where there is one. */
function readStatus(
  { Status, StatusDetails }: Pick<CommandInvocation, 'Status' | 'StatusDetails'>,
  said: string,
): HostAnswer | undefined {
  const details = StatusDetails ?? Status ?? 'without a status';
  if (PENDING.has(Status ?? '')) {
    const pending = { kind: 'pending', reason: `no answer yet (${details})` } as const;
    return Status === 'InProgress' ? { ...pending, underWay: true } : pending;
  }
  if (Status === 'Success') return undefined;
  const told = [`the command ended as ${details}`, said].filter((part) => part !== '');
  return { kind: 'ended', reason: told.join(': '), error: errorOf(details) };
}

/** The service spells its details with and without spaces. */
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

/** The agent's mark where that is not enough (amazon-ssm-agent, iohandler.go). */
const CUT_MARK = '---Output truncated---';

/** What the agent puts between standard output and standard error. */
const ERROR_MARK = '\n----------ERROR-------\n';

function wasCut(output: string): boolean {
  return output.includes(CUT_MARK) || output.length >= PAGE_OUTPUT_BYTES;
}

function withoutErrors(output: string): string {
  // The first, since the script never prints such a line, and its errors may quote anything.
  const at = output.indexOf(ERROR_MARK);
  return at < 0 ? output : output.slice(0, at);
}

/** What a script that failed says of it: its errors, or where it has none, its output. */
function saidBy(output: string): string {
  const answer = withoutErrors(output);
  return firstLine(output.slice(answer.length + ERROR_MARK.length)) || firstLine(answer);
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 160);
}
