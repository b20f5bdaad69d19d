import { NODE_BUCKETS, WHOLE_LIST_NODES } from '../shared/contract/node-list.ts';
import type { Problem } from '../shared/contract/report.ts';
import {
  agree,
  type Agreement,
  bucketsToFetch,
  type Copy,
  type Fetch,
} from '../shared/core/nodes/agree.ts';
import { type Part, partsToFetch, wholeBuckets } from '../shared/core/nodes/parts.ts';
import { isComplete, type RememberedList } from '../shared/core/nodes/remembered-list.ts';
import { type Ballot, type Candidate, type Vote, voteOn } from '../shared/core/nodes/vote.ts';
import { parseNodesAnswer, parseNodesPart } from '../shared/core/parse/node-list.ts';
import { type Deadline, earlier, remaining, sleep, within } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { Masters } from './latency-round.ts';
import type { HostAnswer } from './systems/ssm/answers.ts';
import { mapConcurrently } from './systems/ssm/map-concurrently.ts';
import { unpack } from './systems/ssm/packed.ts';
import type { RunCommand } from './systems/ssm/run-command.ts';

/**
 * The masters are asked for the node list by a command of its own, beside the one that times them, since
 * `kubectl get nodes` may hang. Their answers begin with checksums. What has changed is fetched from two
 * masters: of a short list the rest of the same answer; of a long one that rest shows in which leaves it has
 * changed, and the nodes of these come part by part.
 */

/** What the masters answered, as far as it has come. */
interface Ballots {
  readonly candidates: readonly Candidate[];
  readonly answers: readonly Ballot[];
  /** Undefined where no command was sent. */
  readonly commandId: string | undefined;
  readonly problems: readonly Problem[];
}

/** How long the list may hold up a run that has one. */
export const NODE_LIST_MS = 8000;

/** Pauses before the first look at the answers and between two. */
const FIRST_LOOK_MS = 1200;
const LOOK_MS = 1000;

/** Masters that one command can name. */
const MASTERS_MAX = 50;

/**
 * Asks the masters for their checksums, and waits until all have answered but those given up, at most
 * until the deadline. Never rejects: what did not come is a problem.
 */
export async function askForBallots(
  ssm: RunCommand,
  { masters, givenUp }: { readonly masters: Masters; readonly givenUp: ReadonlySet<string> },
  deadline: Deadline,
): Promise<Ballots> {
  const named = Object.entries(masters).slice(0, MASTERS_MAX);
  const candidates = named.map(([instanceId, node]) => ({ instanceId, node }));
  const nothing = { candidates, answers: [], commandId: undefined, problems: [] };
  if (named.length === 0) return nothing;
  try {
    const targets = [{ Key: 'InstanceIds', Values: candidates.map((one) => one.instanceId) }];
    const { id, refused } = await ssm.send({ action: 'nodes', targets }, deadline);
    if (id === undefined) return nothing;
    const awaited = candidates.filter(
      ({ instanceId }) => !refused.includes(instanceId) && !givenUp.has(instanceId),
    );
    return await collectBallots(ssm, { id, candidates, awaited }, deadline);
  } catch (error) {
    return { ...nothing, problems: [{ where: 'node list', message: errorText(error) }] };
  }
}

async function collectBallots(
  ssm: RunCommand,
  {
    id,
    candidates,
    awaited,
  }: {
    readonly id: string;
    readonly candidates: readonly Candidate[];
    readonly awaited: readonly Candidate[];
  },
  deadline: Deadline,
): Promise<Ballots> {
  for (let pause = FIRST_LOOK_MS; ; pause = LOOK_MS) {
    await sleep(pause, deadline);
    const { byInstance, troubles } = await ssm.beginnings(id, within(NODE_LIST_MS, deadline));
    const isOver = ({ instanceId }: Candidate): boolean => {
      const kind = byInstance.get(instanceId)?.kind;
      return kind === 'answered' || kind === 'ended';
    };
    if (!awaited.every(isOver) && remaining(deadline) > 0) continue;
    const read = candidates.map((candidate) =>
      ballotOf(candidate, byInstance.get(candidate.instanceId)),
    );
    return {
      candidates,
      answers: read.flatMap(({ ballot }) => ballot ?? []),
      commandId: id,
      problems: [
        ...troubles.map((message) => ({ where: 'node list', message })),
        ...read.flatMap(({ problems }) => problems),
      ],
    };
  }
}

function ballotOf(
  candidate: Candidate,
  answer: HostAnswer | undefined,
): { readonly ballot: Ballot | undefined; readonly problems: readonly Problem[] } {
  switch (answer?.kind) {
    case 'answered': {
      const { value, problems } = parseNodesAnswer(candidate.node, answer.text);
      const { list, daemonSets } = value;
      return { ballot: list && { ...candidate, list, daemonSets }, problems };
    }
    case 'ended': {
      const message = `node list: ${answer.reason}`;
      return { ballot: undefined, problems: [{ where: candidate.node, message }] };
    }
    case 'pending':
    case undefined:
      // That it is silent is reported of the host.
      return { ballot: undefined, problems: [] };
  }
}

/** A node list, and what it was made of. */
export interface LearnedList extends Agreement {
  readonly vote: Vote;
}

/** Fetches what has changed, and makes the list of it. */
export async function learnList(
  ssm: RunCommand,
  {
    ballots,
    remembered,
    now,
  }: {
    readonly ballots: Ballots;
    readonly remembered: RememberedList;
    readonly now: number;
  },
  deadline: Deadline,
): Promise<LearnedList> {
  const vote = voteOn({ ...ballots, now }, remembered);
  const fetches = bucketsToFetch(vote, remembered);
  const { copies, problems } = await fetchCopies(ssm, { ballots, fetches, remembered }, deadline);
  const agreement = agree(remembered, vote, { copies, now });
  return {
    ...agreement,
    vote,
    problems: [...ballots.problems, ...problems, ...agreement.problems],
  };
}

interface Fetched {
  readonly copies: readonly Copy[];
  readonly problems: readonly Problem[];
}

async function fetchCopies(
  ssm: RunCommand,
  {
    ballots,
    fetches,
    remembered,
  }: {
    readonly ballots: Ballots;
    readonly fetches: readonly Fetch[];
    readonly remembered: RememberedList;
  },
  deadline: Deadline,
): Promise<Fetched> {
  const { commandId, answers } = ballots;
  const count = Math.max(0, ...answers.map(({ list }) => list.count));
  if (commandId === undefined || fetches.length === 0) return { copies: [], problems: [] };
  const masters = [
    ...new Map(fetches.flatMap(({ from }) => from.map((one) => [one.instanceId, one]))).values(),
  ];
  const isShort = count <= WHOLE_LIST_NODES;
  // Of a first list everything is fetched, whatever its leaves are.
  const behind =
    isShort || isComplete(remembered)
      ? await Promise.all(
          masters.map(async (master) => await restOfAnswer(ssm, { commandId, master }, deadline)),
        )
      : [];
  if (isShort) return inAll(behind);
  const leaves = new Map(
    behind.flatMap(({ copies }) =>
      copies.map(({ instanceId, part }) => [instanceId, part.leaves ?? []] as const),
    ),
  );
  const parts = partsToFetch(fetches, remembered, { count, leaves });
  const fetched = await mapConcurrently(parts, PARTS_AT_A_TIME, async (part) =>
    fetchPart(ssm, { part, remembered }, deadline),
  );
  return inAll([...behind.map(({ problems }) => ({ copies: [], problems })), ...fetched]);
}

function inAll(fetched: readonly Fetched[]): Fetched {
  return {
    copies: fetched.flatMap(({ copies }) => copies),
    problems: fetched.flatMap(({ problems }) => problems),
  };
}

const EVERY_BUCKET: readonly number[] = Array.from({ length: NODE_BUCKETS }, (_, bucket) => bucket);

/** What stands behind a master's checksums: a short list, or the leaves of a long one. */
async function restOfAnswer(
  ssm: RunCommand,
  { commandId, master }: { readonly commandId: string; readonly master: Candidate },
  deadline: Deadline,
): Promise<Fetched> {
  try {
    const { instanceId, node } = master;
    const answer = await ssm.fetch({ commandId, instanceId }, deadline);
    const text = answer.kind === 'answered' ? parseNodesAnswer(node, answer.text).value.rest : '';
    return copiesOf(master, EVERY_BUCKET, await unpack(text));
  } catch (error) {
    return { copies: [], problems: [{ where: master.node, message: errorText(error) }] };
  }
}

function copiesOf(master: Candidate, buckets: readonly number[], answer: HostAnswer): Fetched {
  const { instanceId, node } = master;
  if (answer.kind !== 'answered') {
    const message = `part of the node list: ${answer.reason}`;
    return { copies: [], problems: [{ where: node, message }] };
  }
  const { value: part, problems } = parseNodesPart(node, answer.text);
  return { copies: part === undefined ? [] : [{ instanceId, buckets, part }], problems };
}

/** An agent runs five documents at once and queues the others; each of them reads the list anew. */
const PARTS_AT_A_TIME = 12;

async function fetchPart(
  ssm: RunCommand,
  { part, remembered }: { readonly part: Part; readonly remembered: RememberedList },
  deadline: Deadline,
): Promise<Fetched> {
  if (remaining(deadline) === 0) return { copies: [], problems: [] };
  const { buckets, from, wanted } = part;
  const ids = from.map(({ instanceId }) => instanceId);
  const targets = [{ Key: 'InstanceIds', Values: ids }];
  try {
    const { id } = await ssm.send({ action: 'nodes-part', targets, wanted }, deadline);
    if (id === undefined) return { copies: [], problems: [] };
    const waiting = {
      until: deadline,
      deadline: earlier(deadline, -LAST_LOOK_MS),
      givenUp: NOBODY,
      expected: new Set(ids),
      firstPollMs: FIRST_LOOK_MS,
    };
    const { byInstance, troubles } = await ssm.collect(id, waiting);
    const read = from.map((master) =>
      copiesOf(master, buckets, byInstance.get(master.instanceId) ?? NOT_COME),
    );
    return {
      copies: read.flatMap(({ copies }) =>
        copies.map((copy) => ({ ...copy, part: wholeBuckets(copy.part, part, remembered) })),
      ),
      problems: [
        ...troubles.map((message) => ({ where: 'node list', message })),
        ...read.flatMap(({ problems }) => problems),
      ],
    };
  } catch (error) {
    return { copies: [], problems: [{ where: 'node list', message: errorText(error) }] };
  }
}

/** What `collect` keeps for its last look comes on top. */
const LAST_LOOK_MS = 3000;

const NOBODY: ReadonlySet<string> = new Set();
const NOT_COME: HostAnswer = { kind: 'pending', reason: 'it has not come' };
