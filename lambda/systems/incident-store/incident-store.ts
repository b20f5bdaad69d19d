import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type * as z from 'zod/mini';
import {
  ITEMS,
  TABLE_KEYS,
  UNREADABLE_DAYS,
  unreadableItems,
} from '../../../shared/contract/incident-table.ts';
import type { Problem } from '../../../shared/contract/report.ts';
import type { RememberedList } from '../../../shared/core/nodes/remembered-list.ts';
import { abortAt, type Deadline, earlier, within } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import {
  getItem,
  type Item,
  keyOf,
  type Partition,
  place,
  putItem,
  readDocument,
} from './items.ts';
import { log } from '../log.ts';
import { UNKNOWN_ANSWER_TIME } from '../ssm/first-poll.ts';
import { type MemoryHead, memoryItemSchema, readRoster, writeMemory } from './memory-items.ts';
import { readNodeList, writeNodeList } from './node-list-items.ts';
import { packState } from './pack-state.ts';
import { type Memory, NOTHING_STORED, type State, stateSchema } from './stored.ts';

/** Keeps the incidents, the outbox and the memory of one cluster between runs. */
export interface IncidentStore {
  /** Begins a run. Refuses a tick that has run already, and any tick during another run. */
  acquire(tick: Tick, deadline: Deadline): Promise<Lease | Refusal>;
}

export interface Tick {
  /** ISO 8601: when the schedule wanted the run. A tick runs once. */
  readonly scheduledTime: string;
  /** Identifies the run; unique among all runs. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** When the lease ends if the run dies without releasing it: epoch milliseconds. */
  readonly expiresAt: number;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
}

/** The right to run, with what earlier runs stored. */
export interface Lease {
  readonly kind: 'lease';
  readonly state: State;
  readonly memory: Memory;
  /** The node list as earlier runs agreed on it. */
  readonly nodeList: RememberedList | undefined;
  /** What was stored and cannot be read. */
  readonly problems: readonly Problem[];
  /** The version of the stored state: grows by one with each write. */
  version(): number;
  /** Why this run's state is in the process's memory alone; undefined where the table has it. */
  unstored(): Error | undefined;
  /**
   * Writes the state in one conditional write, and returns what did not fit. Throws where another run has
   * written.
   */
  saveState(state: State, deadline: Deadline): Promise<readonly Problem[]>;
  saveMemory(memory: Memory, deadline: Deadline): Promise<void>;
  saveNodeList(list: RememberedList, deadline: Deadline): Promise<void>;
  release(deadline: Deadline): Promise<void>;
}

export function incidentStore(partition: Partition): IncidentStore {
  return { acquire: async (tick, deadline) => await acquire(partition, tick, deadline) };
}

/** Kept free for giving back a lease that could not be opened. */
const RELEASE_MS = 1500;

async function acquire(partition: Partition, tick: Tick, end: Deadline): Promise<Lease | Refusal> {
  const deadline = earlier(end, RELEASE_MS);
  const { scheduledTime, owner, now, expiresAt } = tick;
  const taken = await conditionally(place(partition, ITEMS.lease), async () =>
    putItem(
      partition,
      {
        sort: ITEMS.lease,
        attributes: {
          owner: { S: owner },
          tick: { S: scheduledTime },
          expiresAt: { N: String(expiresAt) },
        },
        condition: {
          // No run is under way, and neither this tick nor a later one has run. Or this run has the lease
          // already: it took it with a first call whose answer was lost.
          ConditionExpression:
            'attribute_not_exists(#tick) OR (expiresAt < :now AND #tick < :tick) OR #owner = :owner',
          ExpressionAttributeNames: { '#tick': 'tick', '#owner': 'owner' },
          ExpressionAttributeValues: {
            ':now': { N: String(now) },
            ':tick': { S: scheduledTime },
            ':owner': { S: owner },
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      deadline,
    ),
  );
  if (taken.kind === 'refused') return { kind: 'refused', reason: refusalOf(taken.held, tick) };
  try {
    return await openLease(partition, tick, deadline);
  } catch (error) {
    // The next run must not wait for the end of a lease that nobody uses.
    await release(partition, owner, within(RELEASE_MS, end)).catch(() => {});
    throw error;
  }
}

/** Ticks are compared as text, in the one format that they have. `lease`: the one that stands in the way. */
function refusalOf(lease: Item | undefined, { scheduledTime }: Tick): string {
  const last = lease?.['tick']?.S;
  if (last === undefined)
    return `the tick of ${scheduledTime} has run already, or another run is under way`;
  if (last === scheduledTime) return `the tick of ${scheduledTime} has run already, or runs now`;
  return last > scheduledTime
    ? `the tick of ${scheduledTime} comes too late: that of ${last} has run already`
    : `the run of ${last} is still under way`;
}

export const NOTHING_REMEMBERED: Memory = {
  roster: [],
  latencyCommand: undefined,
  apisCommand: undefined,
  silent: [],
  agents: undefined,
  listed: [],
  answerTime: UNKNOWN_ANSWER_TIME,
  runsWithoutMaster: 0,
};

async function openLease(
  partition: Partition,
  { owner, now }: Tick,
  deadline: Deadline,
): Promise<Lease> {
  const [stateItem, memoryItem, nodeList] = await Promise.all([
    getItem(partition, ITEMS.state, deadline),
    getItem(partition, ITEMS.roster, deadline),
    readNodeList(partition, deadline),
  ]);
  const stored = stateItem['version'];
  // No version of vtepwatch has written another type. It is written over, once.
  const unwritten =
    stored === undefined ? 'attribute_not_exists(version)' : 'attribute_exists(version)';
  let version = Number(stored?.N ?? 0);
  const aside = { now, deadline };
  const [state, memory] = await Promise.all([
    opened(partition, { item: stateItem, sort: ITEMS.state, schema: stateSchema, ...aside }),
    opened(partition, { item: memoryItem, sort: ITEMS.roster, schema: memoryItemSchema, ...aside }),
  ]);
  let head: MemoryHead = memory.document?.head ?? {};
  const parts = await readRoster(partition, head, deadline);
  const remembered = memory.document?.memory ?? NOTHING_REMEMBERED;
  return {
    kind: 'lease',
    state: state.document ?? NOTHING_STORED,
    memory: head.rosterParts === undefined ? remembered : { ...remembered, roster: parts.roster },
    problems: [
      ...state.problems,
      ...newerProblem(place(partition, ITEMS.state), state.document),
      ...memory.problems,
      ...parts.problems,
      ...nodeList.problems,
    ],
    version: () => version,
    unstored: () => undefined,
    nodeList: nodeList.list,
    saveNodeList: async (list, until) => {
      await writeNodeList(partition, { list, head: nodeList.head }, until);
    },
    saveState: async (next, until) => {
      const problems = await saveState(
        partition,
        { state: next, version, unwritten, owner },
        until,
      );
      version += 1;
      return problems;
    },
    saveMemory: async (next, until) => {
      const where = place(partition, ITEMS.roster);
      await conditionally(where, async () => {
        head = await writeMemory(partition, { memory: next, head }, until);
      });
    },
    release: async (until) => {
      await release(partition, owner, until);
    },
  };
}

function newerProblem(where: string, state: State | undefined): readonly Problem[] {
  const { incidents = [], outbox = [] } = state?.newer ?? {};
  if (incidents.length + outbox.length === 0) return [];
  const message = `reading ${where}: ${incidents.length} incidents and ${outbox.length} pages are of a newer version. They are kept for it, and not followed until it runs again.`;
  return [{ where: 'DynamoDB', message }];
}

interface Stored<T> {
  readonly item: Item;
  readonly sort: string;
  readonly schema: z.ZodMiniType<T>;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly deadline: Deadline;
}

/**
 * An item's document, where it has one. One that cannot be read is put aside for a person, and the run goes
 * on without it: a monitor that stops at its own notes reports nothing at all.
 */
async function opened<T>(
  partition: Partition,
  { item, sort, schema, now, deadline }: Stored<T>,
): Promise<{ readonly document?: T; readonly problems: readonly Problem[] }> {
  const { document } = item;
  if (document === undefined) return { problems: [] };
  const where = place(partition, sort);
  try {
    return { document: await readDocument(where, schema, document), problems: [] };
  } catch (error) {
    const { [TABLE_KEYS.partition]: _partition, [TABLE_KEYS.sort]: _sort, ...rest } = item;
    const ttl = Math.floor(now / 1000) + UNREADABLE_DAYS * 86_400;
    const attributes = { ...rest, [TABLE_KEYS.ttl]: { N: String(ttl) } };
    const aside = await putAside(partition, { sort, attributes }, deadline);
    log('item.unreadable', { cluster: partition.cluster, error: errorText(error) });
    const [why = ''] = errorText(error).split('\n');
    const message = `${why}. It is kept as item ${aside} for ${UNREADABLE_DAYS} days, and this run began without it.`;
    return { problems: [{ where: 'DynamoDB', message }] };
  }
}

/**
 * Keeps an unreadable item beside those that were put aside before, once. When all places are taken, it takes
 * the last one. Returns its sort key.
 */
async function putAside(
  partition: Partition,
  { sort, attributes }: { readonly sort: string; readonly attributes: Item },
  deadline: Deadline,
): Promise<string> {
  const { document } = attributes;
  const places = unreadableItems(sort);
  for (const [at, aside] of places.entries()) {
    const isLast = at === places.length - 1;
    const condition = {
      ConditionExpression: 'attribute_not_exists(pk) OR document = :document',
      ExpressionAttributeValues: { ':document': document ?? { NULL: true } },
    };
    const put = await conditionally(place(partition, aside), async () =>
      putItem(partition, { sort: aside, attributes, ...(isLast ? {} : { condition }) }, deadline),
    );
    if (put.kind === 'written') return aside;
  }
  return sort;
}

async function saveState(
  partition: Partition,
  write: {
    readonly state: State;
    readonly version: number;
    /** The condition of a first write. */
    readonly unwritten: string;
    readonly owner: string;
  },
  deadline: Deadline,
): Promise<readonly Problem[]> {
  const { state, version, unwritten, owner } = write;
  const next = String(version + 1);
  const where = place(partition, ITEMS.state);
  const { document, losses } = await packState(where, state);
  const attributes = { version: { N: next }, writer: { S: owner }, document };
  const condition = {
    // The state is as this run read it. Or this run wrote it already, and the answer was lost.
    ConditionExpression: `${version === 0 ? unwritten : 'version = :version'} OR (version = :next AND writer = :owner)`,
    ExpressionAttributeValues: {
      ...(version === 0 ? {} : { ':version': { N: String(version) } }),
      ':next': { N: next },
      ':owner': { S: owner },
    },
  };
  const written = await conditionally(where, async () =>
    putItem(partition, { sort: ITEMS.state, attributes, condition }, deadline),
  );
  if (written.kind === 'refused') {
    throw new StateOvertaken(`writing ${where}: another run has written it meanwhile`);
  }
  return losses.map((loss) => ({
    where: 'DynamoDB',
    message: `writing ${where}: it is too large for an item: ${loss}`,
  }));
}

/** Another run has written the state since this one read it. */
export class StateOvertaken extends Error {}

/** Lets the next tick run at once. A run that has lost its lease releases nothing. */
async function release(partition: Partition, owner: string, deadline: Deadline): Promise<void> {
  await conditionally(place(partition, ITEMS.lease), async () => {
    await partition.client.send(
      new UpdateItemCommand({
        TableName: partition.table,
        Key: keyOf(partition, ITEMS.lease),
        UpdateExpression: 'SET expiresAt = :never',
        ConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': { S: owner }, ':never': { N: '0' } },
      }),
      { abortSignal: abortAt(deadline) },
    );
  });
}

/** What became of a write that may have a condition. */
type Written =
  | { readonly kind: 'written' }
  /** The condition did not hold. `held`: the item as it is, where the write asked for it. */
  | { readonly kind: 'refused'; readonly held: Item | undefined };

async function conditionally(where: string, write: () => Promise<void>): Promise<Written> {
  try {
    await write();
    return { kind: 'written' };
  } catch (cause) {
    if (cause instanceof ConditionalCheckFailedException) {
      return { kind: 'refused', held: cause.Item };
    }
    throw new Error(`writing ${where}`, { cause });
  }
}
