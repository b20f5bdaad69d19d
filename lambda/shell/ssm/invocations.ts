import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { abortAt, type Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import type { ErrorType } from '../../../shared/contract/telemetry.ts';
import type { Answers, HostAnswer } from './answers.ts';

/** Hosts on one page, the most that the service returns. */
const PAGE_SIZE = 50;

/** Pages that are read at most: 10,000 hosts. */
const PAGES = 200;

/** How many answers that do not fit a page are fetched at once. */
const FETCHES = 5;

/** What every host of a command has answered by now. */
export async function listAnswers(
  client: SSMClient,
  commandId: string,
  deadline: Deadline,
): Promise<Answers> {
  const { invocations, troubles } = await listInvocations(client, commandId, deadline);
  const byInstance = new Map<string, HostAnswer>();
  for (let from = 0; from < invocations.length; from += FETCHES) {
    const batch = invocations.slice(from, from + FETCHES);
    const answers = await Promise.all(batch.map((one) => readInvocation(client, one, deadline)));
    batch.forEach(({ InstanceId = '' }, at) => {
      const answer = answers[at];
      if (answer !== undefined) byInstance.set(InstanceId, answer);
    });
  }
  return { byInstance, troubles };
}

async function listInvocations(
  client: SSMClient,
  commandId: string,
  deadline: Deadline,
): Promise<{
  readonly invocations: readonly CommandInvocation[];
  readonly troubles: readonly string[];
}> {
  const invocations: CommandInvocation[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    try {
      const answer = await client.send(
        new ListCommandInvocationsCommand({
          CommandId: commandId,
          Details: true,
          MaxResults: PAGE_SIZE,
          NextToken: next,
        }),
        { abortSignal: abortAt(deadline) },
      );
      invocations.push(...(answer.CommandInvocations ?? []));
      next = answer.NextToken;
    } catch (error) {
      return {
        invocations,
        troubles: [`listing the hosts' answers, page ${page + 1}: ${errorText(error)}`],
      };
    }
    if (next === undefined) return { invocations, troubles: [] };
  }
  return { invocations, troubles: [`more than ${PAGES * PAGE_SIZE} hosts: the rest was not read`] };
}

const PENDING = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

async function readInvocation(
  client: SSMClient,
  invocation: CommandInvocation,
  deadline: Deadline,
): Promise<HostAnswer> {
  const details = invocation.StatusDetails ?? invocation.Status ?? 'without a status';
  if (PENDING.has(invocation.Status ?? '')) {
    return { kind: 'pending', reason: `no answer yet (${details})` };
  }
  const output = invocation.CommandPlugins?.[0]?.Output ?? '';
  if (invocation.Status !== 'Success') {
    const told = [`the command ended as ${details}`, saidBy(output)].filter((part) => part !== '');
    return { kind: 'ended', reason: told.join(': '), error: errorOf(details) };
  }
  return wasCut(output)
    ? await fetchWhole(client, invocation, deadline)
    : { kind: 'answered', text: withoutErrors(output) };
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

/** An answer that does not fit a page comes alone, with up to 24,000 bytes. */
async function fetchWhole(
  client: SSMClient,
  { CommandId, InstanceId }: CommandInvocation,
  deadline: Deadline,
): Promise<HostAnswer> {
  try {
    const { StandardOutputContent } = await client.send(
      new GetCommandInvocationCommand({ CommandId, InstanceId }),
      { abortSignal: abortAt(deadline) },
    );
    return { kind: 'answered', text: StandardOutputContent ?? '' };
  } catch (error) {
    const reason = `fetching the whole answer: ${errorText(error)}`;
    return { kind: 'ended', reason, error: '_OTHER' };
  }
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 160);
}
