/**
 * Carries a command to its nodes and their answers back: how many at a time, what becomes of the
 * waiting ones when too many have failed, and of those that never answer.
 */
import { share, totalSeconds } from './command.ts';
import type { Invocation, Order, Result } from './command.ts';
import { answerOf, resultOf } from './node-answer.ts';
import type { RegisteredNode } from './nodes.ts';
import { isError, isFinal } from './statuses.ts';
import type { FinalStatus } from './statuses.ts';
import type { World } from './world.ts';

export interface Delivery {
  readonly invocations: ReadonlyMap<string, Invocation>;
  /** What waits is cancelled at once; what runs is killed, and shows Cancelling until its node has
   * said so. */
  cancel(instanceIds: readonly string[]): void;
  /** Settles when nothing runs any more for this command. */
  readonly settled: Promise<unknown>;
}

type Entry = { -readonly [Key in keyof Invocation]: Invocation[Key] } & {
  readonly cancelled: AbortController;
  /** Aborted when the status is final. */
  readonly ended: AbortController;
};

interface Run {
  readonly order: Order;
  readonly world: World;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Those that were never sent come out of it in order. */
  readonly queue: Iterator<Entry, undefined>;
  readonly atATime: number;
  /** How many are sent and not final. */
  sent: number;
  readonly errorsAllowed: number;
  errors: number;
  /** Aborted when the time for delivery is over. */
  readonly undelivered: AbortController;
  readonly carried: Promise<void>[];
}

/** Why a signal is aborted: an error would be made, with its stack, for each of thousands. */
const OVER = 'over';

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

export function deliver(order: Order, instanceIds: readonly string[], world: World): Delivery {
  const entries = new Map(instanceIds.map((instanceId) => [instanceId, newEntry(instanceId)]));
  const run: Run = {
    order,
    world,
    entries,
    queue: entries.values(),
    atATime: Math.max(1, share(order.request.maxConcurrency, instanceIds.length)),
    sent: 0,
    errorsAllowed: share(order.request.maxErrors, instanceIds.length),
    errors: 0,
    undelivered: new AbortController(),
    carried: [],
  };
  const timers = [
    after(order.request.timeoutSeconds, world, () => {
      run.undelivered.abort(OVER);
    }),
    after(totalSeconds(order), world, () => {
      for (const entry of run.entries.values()) finish(run, entry, { status: 'DeliveryTimedOut' });
    }),
  ];
  const stop = (): void => {
    for (const entry of run.entries.values()) entry.ended.abort(OVER);
  };
  world.closing.addEventListener('abort', stop);
  advance(run);

  return {
    invocations: run.entries,
    cancel: (ids) => {
      for (const id of ids) cancel(run, run.entries.get(id));
    },
    settled: allCarried(run).finally(() => {
      world.closing.removeEventListener('abort', stop);
      for (const stopTimer of timers) stopTimer();
    }),
  };
}

function newEntry(instanceId: string): Entry {
  return {
    instanceId,
    status: 'Pending',
    startedAt: undefined,
    endedAt: undefined,
    result: undefined,
    cancelled: new AbortController(),
    ended: new AbortController(),
  };
}

/** Acts after so long, unless the returned function is called before. */
function after(seconds: number, { time, secondMilliseconds }: World, act: () => void): () => void {
  const milliseconds = Math.min(seconds * secondMilliseconds, LONGEST_TIMER_MILLISECONDS);
  const timer = time.timeout(milliseconds);
  timer.addEventListener('abort', act);
  return () => {
    timer.removeEventListener('abort', act);
  };
}

/** Each end may start others, so the list grows while it is waited for. */
async function allCarried(run: Run): Promise<void> {
  for (const carried of run.carried) await carried;
  const waiting = [...run.entries.values()].filter(({ ended }) => !ended.signal.aborted);
  await Promise.all(waiting.map(async ({ ended }) => aborted(ended.signal)));
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

function advance(run: Run): void {
  while (run.sent < run.atATime && run.errors <= run.errorsAllowed) {
    if (run.undelivered.signal.aborted || run.world.closing.aborted) return;
    const { value: entry } = run.queue.next();
    if (entry === undefined) return;
    if (entry.status !== 'Pending') continue;
    entry.status = 'Delayed';
    run.sent += 1;
    run.carried.push(carry(run, entry));
  }
}

async function carry(run: Run, entry: Entry): Promise<void> {
  const { nodes, closing } = run.world;
  const node = nodes.find(entry.instanceId);
  if (node === undefined) return finish(run, entry, { status: 'Undeliverable' });

  const inTime = AbortSignal.any([entry.ended.signal, run.undelivered.signal]);
  if (!(await nodes.reachable(node, inTime)) || isFinal(entry.status)) return;
  if (node.behaviour.kind === 'refused') {
    return finish(run, entry, { status: node.behaviour.status });
  }
  entry.status = 'InProgress';
  entry.startedAt = run.world.time.now();
  const end = await outcomeOf(run, entry, node);
  // A node that went offline meanwhile keeps its answer until it is back.
  if (closing.aborted || !(await nodes.reachable(node, entry.ended.signal))) return;
  if (end !== undefined) finish(run, entry, end);
}

interface End {
  readonly status: FinalStatus;
  readonly result?: Result;
}

/** `undefined`: there will be no answer, for the host reboots. */
async function outcomeOf(run: Run, entry: Entry, node: RegisteredNode): Promise<End | undefined> {
  const stop = AbortSignal.any([entry.cancelled.signal, entry.ended.signal]);
  const answer = await answerOf(node, { order: run.order, world: run.world, stop });
  switch (answer.status) {
    case 'Reboot':
      run.world.reboots.push(entry.instanceId);
      return undefined;
    case 'TimedOut':
      return { status: 'ExecutionTimedOut', result: resultOf(answer) };
    case 'Skipped':
      // For the agent, skipped is a form of success: contracts/aggregator.go.
      return { status: 'Success', result: resultOf(answer) };
    case 'Success':
    case 'Failed':
    case 'Cancelled':
      return { status: answer.status, result: resultOf(answer) };
  }
}

function cancel(run: Run, entry: Entry | undefined): void {
  if (entry === undefined || isFinal(entry.status)) return;
  const runs = entry.status === 'InProgress' || entry.status === 'Cancelling';
  if (runs) entry.status = 'Cancelling';
  else finish(run, entry, { status: 'Cancelled' });
  entry.cancelled.abort(OVER);
}

/** The first end counts. */
function finish(run: Run, entry: Entry, end: End): void {
  if (isFinal(entry.status) || run.world.closing.aborted) return;
  if (entry.status !== 'Pending') run.sent -= 1;
  entry.status = end.status;
  entry.result = end.result;
  entry.endedAt = run.world.time.now();
  entry.ended.abort(OVER);

  if (isError(end.status)) {
    run.errors += 1;
    if (run.errors > run.errorsAllowed) terminateWaiting(run);
  }
  advance(run);
}

function terminateWaiting(run: Run): void {
  for (const entry of run.entries.values()) {
    if (entry.status === 'Pending') finish(run, entry, { status: 'Terminated' });
  }
}
