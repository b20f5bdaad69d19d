import type { SSMClient } from '@aws-sdk/client-ssm';
import {
  type Deadline,
  deadlineIn,
  earlier,
  nearer,
  remaining,
  sleep,
  within,
} from '../../deadline.ts';
import { type Answers, type HostAnswer, NO_ANSWERS, pendingOf } from './answers.ts';
import { countAnswers, type Counts, UNCOUNTED } from './counts.ts';
import { inventory, isOnline, PAGE_NODES } from './inventory.ts';
import { LATEST_MS } from './first-poll.ts';
import { FETCHES, fetchAnswers, listAnswers, PAGE_HOSTS } from './invocations.ts';

export interface Waiting {
  readonly until: Deadline;
  /** By when the answers must have been listed. */
  readonly deadline: Deadline;
  /** Managed nodes that were silent in the last run, too: a run does not wait for them. */
  readonly givenUp: ReadonlySet<string>;
  /** When to poll first after the command, milliseconds; the latest there is where it is absent. */
  readonly firstPollMs?: number;
  /** Hears what each poll counted: a person may be waiting. */
  readonly onCount?: (counts: Counts) => void;
}

export interface WaitingForHosts extends Waiting {
  /**
   * Managed nodes that the command must reach: those that answered the last run, or that it names.
   * Systems Manager may still be adding hosts to a command when it first counts them.
   */
  readonly expected: ReadonlySet<string>;
}

/** What came of a command. */
export interface Collected extends Answers {
  /** By managed-node id: by when the host had certainly answered, epoch milliseconds. */
  readonly answeredBy: ReadonlyMap<string, number>;
  /** Whether the first poll found all answers that the command was to bring. */
  readonly firstPollWasEnough: boolean;
}

/**
 * Pauses between polls, milliseconds; each is half as long again as the one before. Right after a
 * command was sent, Systems Manager lists nothing.
 */
const LONGEST_POLL_MS = 3000;
const SHORTEST_POLL_MS = 300;

/**
 * The pauses from poll to poll. Where the first poll comes early, the second comes when the first would
 * have come otherwise: so a slow run makes one poll more, and no dense ones.
 */
function* pauses(firstPollMs: number): Generator<number, never> {
  yield firstPollMs;
  if (firstPollMs < LATEST_MS) yield Math.max(SHORTEST_POLL_MS, LATEST_MS - firstPollMs);
  for (let pause = LATEST_MS; ;) {
    pause = Math.min(1.5 * pause, LONGEST_POLL_MS);
    yield pause;
  }
}

/** How long reading one page is expected to take, milliseconds. */
const PAGE_MS = 100;

/** How often all pages are read at most before the time is up. */
const LISTINGS = 3;

/** Reserved before the deadline for the last look, milliseconds: late answers must still be read. */
const LAST_LOOK_MS = 3000;

/** How long fetching the answers of single hosts may take, milliseconds. */
const LATE_LOOK_MS = 5000;

/**
 * Waits until the command has reached every expected host and all hosts but those given up have
 * answered, and no longer than `until`. It does not wait for an expected host that the command has not
 * reached and that the inventory does not call Online: that host has left.
 *
 * Counting answers takes one call, listing them one call for every 50 hosts. So `collect` counts until
 * all hosts have answered, and then lists once. Where some hosts are late, it lists while there is still
 * time for that, and fetches the answers of the late hosts at the end.
 */
export async function collect(
  client: SSMClient,
  commandId: string,
  { until: longest, deadline, givenUp, expected, onCount, ...waited }: WaitingForHosts,
): Promise<Collected> {
  const { firstPollMs = LATEST_MS } = waited;
  const until = nearer(longest, earlier(deadline, LAST_LOOK_MS));
  const collection = { client, commandId, waiting: { until, deadline, givenUp, expected } };
  const { waiting } = collection;
  let progress = NO_PROGRESS;
  let polls = 0;
  for (const pause of pauses(firstPollMs)) {
    await sleep(pause, until);
    const counts = await countAnswers(client, commandId, untilCounted(until, deadline));
    onCount?.(counts);
    const poll = { counts, at: deadline.clock.now() };
    polls += 1;
    const timeIsUp = remaining(until) === 0;
    // An early poll may come while Systems Manager still adds hosts to the command.
    const isEarly = polls === 1 && firstPollMs < LATEST_MS && !hasReached(counts, expected);
    const isWorthIt = timeIsUp
      ? hasNews(counts, progress)
      : !isEarly && isWorthALook(counts, progress, waiting);
    if (isWorthIt) progress = await look(collection, poll, progress);
    if (isWorthIt && !timeIsUp) progress = await askWhoLeft(collection, counts, progress);
    const isOver = timeIsUp || remaining(nearer(until, deadline)) === 0;
    const isDone = isWorthIt && isWhole(counts, progress, waiting);
    if (isOver || isDone) return collected(progress, polls === 1 && isDone);
  }
  throw new Error('The pauses between polls have no end.');
}

function collected({ answers, answeredBy }: Progress, firstPollWasEnough: boolean): Collected {
  return { ...answers, answeredBy, firstPollWasEnough };
}

/** Whether the command has reached as many hosts as it must. */
function hasReached({ targets }: Counts, expected: ReadonlySet<string>): boolean {
  return targets < Infinity && targets >= expected.size;
}

/** How long the last count may take, milliseconds. */
const LAST_COUNT_MS = 1000;

function untilCounted(until: Deadline, deadline: Deadline): Deadline {
  const last = deadlineIn(LAST_COUNT_MS, deadline.clock);
  return nearer(last.at > until.at ? last : until, deadline);
}

/** Whether a last look may show more. It cannot where the counts have not changed. */
function hasNews(counts: Counts, { answers, completed }: Progress): boolean {
  const { size } = answers.byInstance;
  if (size === 0 || counts === UNCOUNTED) return true;
  return counts.completed > completed || counts.targets > size;
}

/** What is known of the answers so far. */
interface Progress {
  readonly answers: Answers;
  /** How many hosts had completed at the last look. */
  readonly completed: number;
  readonly listings: number;
  /** Expected hosts that the inventory does not call Online; undefined before it was asked. */
  readonly left: ReadonlySet<string> | undefined;
  readonly answeredBy: Collected['answeredBy'];
}

const NO_PROGRESS: Progress = {
  answers: NO_ANSWERS,
  completed: 0,
  listings: 0,
  left: undefined,
  answeredBy: new Map(),
};

/** What Systems Manager counted, and when, epoch milliseconds. */
interface Poll {
  readonly counts: Counts;
  readonly at: number;
}

function isWorthALook(counts: Counts, progress: Progress, waiting: WaitingForHosts): boolean {
  const { targets, completed, settled } = counts;
  const { byInstance, troubles } = progress.answers;
  if (progress.listings >= LISTINGS) return false;
  const late = awaitedOf(progress, waiting).length;
  const missing = missingOf(progress, waiting).length;
  if (troubles.length > 0 || (settled && (late > 0 || byInstance.size === 0))) return true;
  // Where the list is still empty, it lags behind the counts.
  if (byInstance.size > 0) return completed >= progress.completed + late + missing;
  const listingMs = Math.ceil(targets / PAGE_HOSTS) * PAGE_MS;
  const mustBegin = targets < Infinity && remaining(waiting.until) <= listingMs;
  return mustBegin || completed + waiting.givenUp.size >= targets;
}

/** Whether there is no host left to wait for. */
function isWhole(counts: Counts, progress: Progress, waiting: WaitingForHosts): boolean {
  const { byInstance, troubles } = progress.answers;
  if (missingOf(progress, waiting).length > 0) return false;
  if (byInstance.size === 0) return counts.targets === 0;
  if (progress.listings >= LISTINGS) return true;
  return troubles.length === 0 && awaitedOf(progress, waiting).length === 0;
}

/** Hosts that are listed and have not answered. */
function awaitedOf({ answers }: Progress, { givenUp }: Waiting): readonly string[] {
  return pendingOf(answers).filter((instanceId) => !givenUp.has(instanceId));
}

/** Hosts that must still join the command. */
function missingOf(
  { answers, left }: Progress,
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

/** Reads what has come, and notes by when. */
async function look(collection: Collection, poll: Poll, progress: Progress): Promise<Progress> {
  const seen = await readNews(collection, poll.counts, progress);
  const { byInstance } = seen.answers;
  const ended = [...byInstance].filter(([, { kind }]) => kind !== 'pending').length;
  // Reading the pages of a large cluster takes seconds. Where no more hosts have come to an end than
  // were counted before, all of them had answered when they were counted.
  const by = ended <= poll.counts.completed ? poll.at : collection.waiting.deadline.clock.now();
  const answered = [...byInstance].filter(([, { kind }]) => kind === 'answered');
  const answeredBy = new Map(
    answered.map(([instanceId]) => [instanceId, progress.answeredBy.get(instanceId) ?? by]),
  );
  return { ...seen, answeredBy };
}

/** Reads all pages or, where that takes fewer calls, fetches the answers that are still awaited. */
async function readNews(
  { client, commandId, waiting }: Collection,
  { completed }: Counts,
  progress: Progress,
): Promise<Progress> {
  const { byInstance: known, troubles } = progress.answers;
  const missing = missingOf(progress, waiting);
  const instanceIds = [...awaitedOf(progress, waiting), ...missing];
  const pages = Math.ceil(known.size / PAGE_HOSTS);
  if (troubles.length === 0 && instanceIds.length < Math.min(pages, FETCHES)) {
    const inTime = within(LATE_LOOK_MS, waiting.deadline);
    const before = new Map([...known, ...missing.map((id) => [id, NOT_LISTED] as const)]);
    const fetched = await fetchAnswers(client, { commandId, known: before, instanceIds }, inTime);
    const found = [...fetched].filter(([, answer]) => answer !== NOT_LISTED);
    const byInstance = new Map([...known, ...found]);
    return { ...progress, completed, answers: { byInstance, troubles } };
  }
  const listed = await listAnswers(client, { commandId, known }, waiting.deadline);
  return {
    ...progress,
    completed,
    // Where a page cannot be read, what an earlier look found on it still counts.
    answers: { ...listed, byInstance: new Map([...known, ...listed.byInstance]) },
    listings: progress.listings + Math.sign(listed.byInstance.size),
  };
}

/** For a host that the command has not reached. */
const NOT_LISTED: HostAnswer = { kind: 'pending', reason: 'the command has not reached it' };

/**
 * Asks the inventory for the hosts that are missing: once, and in one call. More than one call can name
 * are taken for hosts that will still join.
 */
async function askWhoLeft(
  { client, waiting }: Collection,
  { targets }: Counts,
  progress: Progress,
): Promise<Progress> {
  const missing = missingOf(progress, waiting);
  const { byInstance, troubles: unread } = progress.answers;
  const isListed = unread.length === 0 && (byInstance.size > 0 || targets === 0);
  const isOneCall = missing.length > 0 && missing.length <= PAGE_NODES;
  if (progress.left !== undefined || !isListed || !isOneCall) return progress;
  const { nodes, troubles } = await inventory(client).ofNodes(missing, waiting.until);
  if (troubles.length > 0) return { ...progress, left: new Set() };
  const online = new Set(nodes.filter(isOnline).map(({ instanceId }) => instanceId));
  return { ...progress, left: new Set(missing.filter((instanceId) => !online.has(instanceId))) };
}
