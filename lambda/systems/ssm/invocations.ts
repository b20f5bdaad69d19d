import {
  type CommandInvocation,
  ListCommandInvocationsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { abortAt, type Deadline } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { Answers, HostAnswer } from './answers.ts';
import { fetchAnswer, readListed } from './invocation.ts';
import { retryThrottled } from './retry-throttled.ts';

/** Hosts on one page, the most that the service returns. */
export const PAGE_HOSTS = 50;

/** Pages that are read at most: 10,000 hosts. */
const PAGES = 200;

/** An answer that does not fit into a page takes a call of its own: so many at a time, and in all. */
const FETCHES_AT_A_TIME = 5;
export const FETCHES = 100;

/** A command, and the answers to it that are known already. */
interface KnownAnswers {
  readonly commandId: string;
  readonly known: Answers['byInstance'];
}

/** The answers of all hosts of a command by now. An answer that is known is not fetched again. */
export async function listAnswers(
  client: SSMClient,
  { commandId, known: before }: KnownAnswers,
  deadline: Deadline,
): Promise<Answers> {
  const { invocations, troubles } = await listInvocations(client, commandId, deadline);
  const byInstance = new Map<string, HostAnswer>();
  const cut: string[] = [];
  for (const invocation of invocations) {
    const { InstanceId: instanceId = '' } = invocation;
    const known = before.get(instanceId);
    const listed = known?.kind === 'answered' ? known : await readListed(invocation);
    if (listed.kind === 'cut') cut.push(instanceId);
    byInstance.set(instanceId, listed.kind === 'cut' ? UNFETCHED : listed);
  }
  const fetched = await fetchAnswers(
    client,
    { commandId, known: before, instanceIds: cut },
    deadline,
  );
  return { byInstance: new Map([...byInstance, ...fetched]), troubles };
}

/** The same without a call for what does not fit a page: of such an answer the beginning, as it was cut. */
export async function listBeginnings(
  client: SSMClient,
  commandId: string,
  deadline: Deadline,
): Promise<Answers> {
  const { invocations, troubles } = await listInvocations(client, commandId, deadline);
  const byInstance = new Map<string, HostAnswer>();
  for (const invocation of invocations) {
    const listed = await readListed(invocation);
    const answer = listed.kind === 'cut' ? ({ ...listed, kind: 'answered' } as const) : listed;
    byInstance.set(invocation.InstanceId ?? '', answer);
  }
  return { byInstance, troubles };
}

/** For an answer of which only the beginning is known. */
const UNFETCHED: HostAnswer = {
  kind: 'ended',
  reason: `its answer does not fit a page, and ${FETCHES} others were fetched before it`,
  error: 'bad_output',
};

/**
 * The answers of the first `FETCHES` of these hosts by now, with one call for each. Where a call fails,
 * what was known of the host before is returned.
 */
export async function fetchAnswers(
  client: SSMClient,
  hosts: KnownAnswers & { readonly instanceIds: readonly string[] },
  deadline: Deadline,
): Promise<ReadonlyMap<string, HostAnswer>> {
  const { commandId, known } = hosts;
  const instanceIds = hosts.instanceIds.slice(0, FETCHES);
  const answers = await mapConcurrently(instanceIds, FETCHES_AT_A_TIME, async (instanceId) => {
    const answer = await fetchAnswer(client, { commandId, instanceId }, deadline).catch(
      (error: unknown) => known.get(instanceId) ?? unfetched(error),
    );
    return [instanceId, answer] as const;
  });
  return new Map(answers);
}

function unfetched(error: unknown): HostAnswer {
  const reason = `fetching the whole answer: ${errorText(error)}`;
  return { kind: 'ended', reason, error: '_OTHER' };
}

interface Invocations {
  readonly invocations: readonly CommandInvocation[];
  readonly troubles: readonly string[];
}

/** Reads one page after the other, since each has the token of the next one. */
async function listInvocations(
  client: SSMClient,
  commandId: string,
  deadline: Deadline,
): Promise<Invocations> {
  const invocations: CommandInvocation[] = [];
  let next: string | undefined;
  for (let page = 1; page <= PAGES; page++) {
    const request = new ListCommandInvocationsCommand({
      CommandId: commandId,
      Details: true,
      MaxResults: PAGE_HOSTS,
      NextToken: next,
    });
    try {
      const answer = await retryThrottled(
        () => client.send(request, { abortSignal: abortAt(deadline) }),
        deadline,
      );
      invocations.push(...(answer.CommandInvocations ?? []));
      next = answer.NextToken;
    } catch (error) {
      const trouble = `listing the hosts' answers, page ${page}: ${errorText(error)}`;
      return { invocations, troubles: [trouble] };
    }
    // The last page has an empty token, or none.
    if (next === undefined || next === '') return { invocations, troubles: [] };
  }
  const most = PAGES * PAGE_HOSTS;
  return { invocations, troubles: [`more than ${most} hosts: the rest was not read`] };
}
