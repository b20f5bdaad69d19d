import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Deadline, deadlineIn, earlier, nearer, remaining, sleep } from '../../deadline.ts';
import { type Answers, type HostAnswer, NO_ANSWERS, pendingOf } from './answers.ts';
import { countAnswers, type Counts, UNCOUNTED } from './counts.ts';
import { inventory, isOnline, PAGE_NODES } from './inventory.ts';
import { FETCHES, fetchAnswers, listAnswers, PAGE_HOSTS } from './invocations.ts';

export interface Waiting {
  readonly until: Deadline;
  /** By when the answers must have been listed. */
  readonly deadline: Deadline;
  /** Managed nodes that were silent already in the last run: nobody waits for them. */
  readonly givenUp: ReadonlySet<string>;
}

export interface WaitingForHosts extends Waiting {
  /**
   * Managed nodes that the command must reach: those that answered the last run, or that it names.
   * Systems Manager may still be adding hosts to a command when it first counts them.
   */
  readonly expected: ReadonlySet<string>;
}

/** Pauses between polls, milliseconds; each is half as long again as the one before. Nothing is
 * listed right after a command was sent. */
const FIRST_POLL_MS = 1000;
const LONGEST_POLL_MS = 3000;

/** What a page is expected to take, milliseconds. */
const PAGE_MS = 100;

/** How often all pages are read at most, while hosts are waited for. */
const LISTINGS = 3;

/** Kept before the deadline for the last look, milliseconds: what has come must still be read. */
const LAST_LOOK_MS = 3000;

/** How long the late ones may take to be looked at, milliseconds. */
const LATE_LOOK_MS = 5000;

/**
 * Waits until every expected host is listed and all hosts but those given up have answered, and no
 * longer than `until`. An expected host that is not listed and that the inventory does not call
 * Online has left, and nobody waits for it.
 *
 * Counting costs one call, listing one for every fifty hosts. So hosts are counted until all have
 * answered, and listed once. Where some are late, the list is begun while it can still be read in
 * time, and the late ones alone are looked at again at the end.
 */
export async function collect(
  client: SSMClient,
  commandId: string,
  { until: longest, deadline, givenUp, expected }: WaitingForHosts,
): Promise<Answers> {
  const until = nearer(longest, earlier(deadline, LAST_LOOK_MS));
  const collection = { client, commandId, waiting: { until, deadline, givenUp, expected } };
  const { waiting } = collection;
  let seen: Seen = { answers: NO_ANSWERS, completed: 0, listings: 0, left: undefined };
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(1.5 * pause, LONGEST_POLL_MS)) {
    await sleep(pause, until);
    const counts = await countAnswers(client, commandId, untilCounted(until, deadline));
    const timeIsUp = remaining(until) === 0;
    const isWorthIt = timeIsUp ? hasNews(counts, seen) : isWorthALook(counts, seen, waiting);
    if (isWorthIt) seen = await look(collection, counts, seen);
    if (isWorthIt && !timeIsUp) seen = await askWhoLeft(collection, counts, seen);
    const isOver = timeIsUp || remaining(nearer(until, deadline)) === 0;
    if (isOver || (isWorthIt && isWhole(counts, seen, waiting))) return seen.answers;
  }
}

/** How long the last count may take, milliseconds. */
const LAST_COUNT_MS = 1000;

function untilCounted(until: Deadline, deadline: Deadline): Deadline {
  return nearer({ at: Math.max(until.at, deadlineIn(LAST_COUNT_MS).at) }, deadline);
}

/** Whether a last look may show more: it need not where the service counts nobody new. */
function hasNews(counts: Counts, { answers, completed }: Seen): boolean {
  const { size } = answers.byInstance;
  if (size === 0 || counts === UNCOUNTED) return true;
  return counts.completed > completed || counts.targets > size;
}

/** What was seen of the answers so far. */
interface Seen {
  readonly answers: Answers;
  /** How many hosts had completed by then. */
  readonly completed: number;
  readonly listings: number;
  /** Expected hosts that the inventory does not call Online; undefined before it was asked. */
  readonly left: ReadonlySet<string> | undefined;
}

function isWorthALook(counts: Counts, seen: Seen, waiting: WaitingForHosts): boolean {
  const { targets, completed, settled } = counts;
  const { byInstance, troubles } = seen.answers;
  if (seen.listings >= LISTINGS) return false;
  const late = awaitedOf(seen, waiting).length;
  const missing = missingOf(seen, waiting).length;
  if (troubles.length > 0 || (settled && (late > 0 || byInstance.size === 0))) return true;
  // An empty list is one that has come later than the counts.
  if (byInstance.size > 0) return completed >= seen.completed + late + missing;
  const listingMs = Math.ceil(targets / PAGE_HOSTS) * PAGE_MS;
  const mustBegin = targets < Infinity && remaining(waiting.until) <= listingMs;
  return mustBegin || completed + waiting.givenUp.size >= targets;
}

/** Whether nobody is waited for any more. */
function isWhole(counts: Counts, seen: Seen, waiting: WaitingForHosts): boolean {
  const { byInstance, troubles } = seen.answers;
  if (missingOf(seen, waiting).length > 0) return false;
  if (byInstance.size === 0) return counts.targets === 0;
  if (seen.listings >= LISTINGS) return true;
  return troubles.length === 0 && awaitedOf(seen, waiting).length === 0;
}

/** Hosts that are listed and have not answered. */
function awaitedOf({ answers }: Seen, { givenUp }: Waiting): readonly string[] {
  return pendingOf(answers).filter((instanceId) => !givenUp.has(instanceId));
}

/** Hosts that must still join the command. */
function missingOf(
  { answers, left }: Seen,
  { givenUp, expected }: WaitingForHosts,
): readonly string[] {
  return [...expected].filter(
    (instanceId) =>
      !answers.byInstance.has(instanceId) && !givenUp.has(instanceId) && !left?.has(instanceId),
  );
}

interface Collection {
  readonly client: SSMClient;
  readonly commandId: string;
  readonly waiting: WaitingForHosts;
}

/** Reads the pages; or, where that is cheaper, only what has become of each host that is waited for. */
async function look(
  { client, commandId, waiting }: Collection,
  { completed }: Counts,
  seen: Seen,
): Promise<Seen> {
  const { byInstance: known, troubles } = seen.answers;
  const missing = missingOf(seen, waiting);
  const instanceIds = [...awaitedOf(seen, waiting), ...missing];
  const pages = Math.ceil(known.size / PAGE_HOSTS);
  if (troubles.length === 0 && instanceIds.length < Math.min(pages, FETCHES)) {
    const inTime = nearer(deadlineIn(LATE_LOOK_MS), waiting.deadline);
    const before = new Map([...known, ...missing.map((id) => [id, NOT_LISTED] as const)]);
    const fetched = await fetchAnswers(client, { commandId, known: before, instanceIds }, inTime);
    const found = [...fetched].filter(([, answer]) => answer !== NOT_LISTED);
    const byInstance = new Map([...known, ...found]);
    return { ...seen, completed, answers: { byInstance, troubles } };
  }
  const listed = await listAnswers(client, { commandId, known }, waiting.deadline);
  return {
    ...seen,
    completed,
    // What an earlier look has seen is not lost with a page.
    answers: { ...listed, byInstance: new Map([...known, ...listed.byInstance]) },
    listings: seen.listings + Math.sign(listed.byInstance.size),
  };
}

/** What is known of a host that has not joined the command. */
const NOT_LISTED: HostAnswer = { kind: 'pending', reason: 'the command has not reached it' };

/**
 * Asks the inventory for the hosts that are missing: once, and in one call. More than one call can name
 * are taken for hosts that will still join.
 */
async function askWhoLeft(
  { client, waiting }: Collection,
  { targets }: Counts,
  seen: Seen,
): Promise<Seen> {
  const missing = missingOf(seen, waiting);
  const { byInstance, troubles: unread } = seen.answers;
  const isListed = unread.length === 0 && (byInstance.size > 0 || targets === 0);
  const isOneCall = missing.length > 0 && missing.length <= PAGE_NODES;
  if (seen.left !== undefined || !isListed || !isOneCall) return seen;
  const { nodes, troubles } = await inventory(client).ofNodes(missing, waiting.until);
  if (troubles.length > 0) return { ...seen, left: new Set() };
  const online = new Set(nodes.filter(isOnline).map(({ instanceId }) => instanceId));
  return { ...seen, left: new Set(missing.filter((instanceId) => !online.has(instanceId))) };
}
