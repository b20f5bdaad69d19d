import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Deadline, deadlineIn, earlier, nearer, remaining, sleep } from '../../deadline.ts';
import { type Answers, NO_ANSWERS, pendingOf } from './answers.ts';
import { countAnswers, type Counts, UNCOUNTED } from './counts.ts';
import { FETCHES, fetchAnswers, listAnswers, PAGE_HOSTS } from './invocations.ts';

export interface Waiting {
  readonly until: Deadline;
  /** By when the answers must have been listed. */
  readonly deadline: Deadline;
  /** Managed nodes that were silent already in the last run: nobody waits for them. */
  readonly givenUp: ReadonlySet<string>;
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
 * Waits for the answers of all hosts but those given up, and no longer than `until`.
 *
 * Counting costs one call, listing one for every fifty hosts. So hosts are counted until all have
 * answered, and listed once. Where some are late, the list is begun while it can still be read in
 * time, and the late ones alone are looked at again at the end.
 */
export async function collect(
  client: SSMClient,
  commandId: string,
  { until: longest, deadline, givenUp }: Waiting,
): Promise<Answers> {
  const until = nearer(longest, earlier(deadline, LAST_LOOK_MS));
  const waiting = { until, deadline, givenUp };
  let seen: Seen = { answers: NO_ANSWERS, completed: 0, listings: 0 };
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(1.5 * pause, LONGEST_POLL_MS)) {
    await sleep(pause, until);
    const counts = await countAnswers(client, commandId, untilCounted(until, deadline));
    const timeIsUp = remaining(until) === 0;
    const isWorthIt = timeIsUp ? hasNews(counts, seen) : isWorthALook(counts, seen, waiting);
    if (isWorthIt) seen = await look({ client, commandId, waiting }, counts, seen);
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
  return answers.byInstance.size === 0 || counts === UNCOUNTED || counts.completed > completed;
}

/** What was seen of the answers so far. */
interface Seen {
  readonly answers: Answers;
  /** How many hosts had completed by then. */
  readonly completed: number;
  readonly listings: number;
}

function isWorthALook(counts: Counts, seen: Seen, waiting: Waiting): boolean {
  const { targets, completed, settled } = counts;
  const { byInstance, troubles } = seen.answers;
  if (settled || troubles.length > 0) return true;
  // An empty list is one that has come later than the counts.
  if (byInstance.size > 0) return completed >= seen.completed + awaitedOf(seen, waiting).length;
  const listingMs = Math.ceil(targets / PAGE_HOSTS) * PAGE_MS;
  const mustBegin = targets < Infinity && remaining(waiting.until) <= listingMs;
  return mustBegin || completed + waiting.givenUp.size >= targets;
}

/** Whether nobody is waited for any more. */
function isWhole(counts: Counts, seen: Seen, waiting: Waiting): boolean {
  const { byInstance, troubles } = seen.answers;
  if (byInstance.size === 0) return counts.targets === 0;
  if (seen.listings >= LISTINGS) return true;
  return troubles.length === 0 && awaitedOf(seen, waiting).length === 0;
}

function awaitedOf({ answers }: Seen, { givenUp }: Waiting): readonly string[] {
  return pendingOf(answers).filter((instanceId) => !givenUp.has(instanceId));
}

interface Collection {
  readonly client: SSMClient;
  readonly commandId: string;
  readonly waiting: Waiting;
}

/** Reads the pages; or, where that is cheaper, only what has become of the late ones. */
async function look(
  { client, commandId, waiting }: Collection,
  { completed }: Counts,
  seen: Seen,
): Promise<Seen> {
  const { byInstance: known, troubles } = seen.answers;
  const late = awaitedOf(seen, waiting);
  const pages = Math.ceil(known.size / PAGE_HOSTS);
  if (troubles.length === 0 && late.length < Math.min(pages, FETCHES)) {
    const inTime = nearer(deadlineIn(LATE_LOOK_MS), waiting.deadline);
    const fetched = await fetchAnswers(client, { commandId, known, instanceIds: late }, inTime);
    const byInstance = new Map([...known, ...fetched]);
    return { ...seen, completed, answers: { byInstance, troubles } };
  }
  const listed = await listAnswers(client, { commandId, known }, waiting.deadline);
  return {
    completed,
    // What an earlier look has seen is not lost with a page.
    answers: { ...listed, byInstance: new Map([...known, ...listed.byInstance]) },
    listings: seen.listings + Math.sign(listed.byInstance.size),
  };
}
