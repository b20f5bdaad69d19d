import type { Problem } from '../shared/contract/report.ts';
import type { Latency, LatencyRequest } from '../shared/core/latency.ts';
import {
  type MasterAction,
  type MasterAnswer,
  parseMasterAnswer,
} from '../shared/core/parse/latency-answer.ts';
import type { Parsed } from '../shared/core/parse/parsed.ts';
import { type Deadline, nearer, remaining, sleep } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { HostAnswer } from './systems/ssm/answers.ts';
import type { MasterCommand, Memory } from './systems/incident-store/stored.ts';
import { REFUSED, type RunCommand } from './systems/ssm/run-command.ts';

/**
 * The masters are asked by two commands of their own, beside the one that asks all hosts: `latency`,
 * how long their API servers take, and `apis`, whether these reach the aggregated APIs. No verdict and
 * no page waits for the answers, since `kubectl get nodes` may hang for 45 s. What has not come when
 * the run ends is read by the next run, which finds the ids of the commands in the store.
 */

/** Managed-node ids of masters with their names. */
export type Masters = Readonly<Record<string, string>>;

/** One command to the masters, and what has come of it so far. */
export interface MasterQuestion {
  readonly action: MasterAction;
  readonly command: MasterCommand;
  readonly askedBy: 'this-run' | 'earlier-run';
  /** By managed-node id: the answers that are read, and why a master will not answer any more. */
  readonly answers: ReadonlyMap<string, Parsed<MasterAnswer>>;
  /** By managed-node id: when a master had certainly not answered yet, epoch milliseconds. */
  readonly silentAt: ReadonlyMap<string, number>;
  /** What went wrong when the answers were last listed. */
  readonly problems: readonly Problem[];
}

/** What became of asking the masters. */
interface AskedMasters {
  /** None where there is no master, or where a problem says why none could be asked. */
  readonly questions: readonly MasterQuestion[];
  readonly problems: readonly Problem[];
}

/** What is known of the masters' API servers at one moment. */
export interface LatencyReadings {
  readonly latencies: readonly Latency[];
  /** Nodes that the masters listed. */
  readonly names: readonly string[];
  /** By managed-node id: what a master's `kubectl get nodes` listed in a large cluster, as a sum. */
  readonly nameSums?: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  /** What this run asked, as far as it is unanswered. */
  readonly unanswered: Pick<Memory, 'latencyCommand' | 'apisCommand'>;
}

/** The questions of one run, which keep what has come of them. */
export interface LatencyRound {
  /** What is known by now. The service is only asked for what has not come yet. */
  read(deadline: Deadline): Promise<LatencyReadings>;
  /** The same, as soon as this run has all answers, or so long after it asked. */
  settle(patienceMilliseconds: number, deadline: Deadline): Promise<LatencyReadings>;
}

const ACTIONS = ['latency', 'apis'] as const satisfies readonly MasterAction[];

/** What a problem is about. */
const SUBJECTS: Readonly<Record<MasterAction, string>> = {
  latency: 'latency',
  apis: 'aggregated APIs',
};

/** What is silent while nothing has come of a command: all that it asks for, and nothing else. */
const SILENT_REQUESTS: Readonly<Record<MasterAction, LatencyRequest>> = {
  latency: { kind: 'get-nodes-and-readyz' },
  apis: { kind: 'aggregated-apis' },
};

/** Managed nodes that one command can name; no control plane has as many masters. */
const MASTERS_MAX = 50;

/** Asks every master both questions. Never rejects: what could not be asked is a problem. */
export async function askMasters(
  ssm: RunCommand,
  masters: Masters,
  deadline: Deadline,
): Promise<AskedMasters> {
  const named = Object.entries(masters).slice(0, MASTERS_MAX);
  if (named.length === 0) return { questions: [], problems: [] };
  const asked = await Promise.all(
    ACTIONS.map(async (action) => await ask(ssm, { action, named }, deadline)),
  );
  const refused = new Set(asked.flatMap((one) => one.refused));
  return {
    questions: asked.flatMap(({ questions }) => questions),
    problems: [
      ...asked.flatMap(({ problems }) => problems),
      ...[...refused].map((instanceId) => ({
        where: masters[instanceId] ?? instanceId,
        message: `its API server is not asked: ${REFUSED.reason}`,
      })),
    ],
  };
}

async function ask(
  ssm: RunCommand,
  {
    action,
    named,
  }: { readonly action: MasterAction; readonly named: readonly (readonly [string, string])[] },
  deadline: Deadline,
): Promise<AskedMasters & { readonly refused: readonly string[] }> {
  const targets = [{ Key: 'InstanceIds', Values: named.map(([instanceId]) => instanceId) }];
  try {
    const { id, refused } = await ssm.send({ action, targets }, deadline);
    const masters = Object.fromEntries(named.filter(([one]) => !refused.includes(one)));
    const command = id === undefined ? undefined : { id, sentAt: deadline.clock.now(), masters };
    return { questions: questionsOf(action, command, 'this-run'), problems: [], refused };
  } catch (error) {
    const message = `asking the masters: ${errorText(error)}`;
    return { questions: [], problems: [{ where: SUBJECTS[action], message }], refused: [] };
  }
}

/** Reads what came of an earlier run's questions after that run had ended. */
export async function takeUp(
  ssm: RunCommand,
  { latencyCommand, apisCommand }: Pick<Memory, 'latencyCommand' | 'apisCommand'>,
  deadline: Deadline,
): Promise<readonly MasterQuestion[]> {
  const questions = [
    ...questionsOf('latency', latencyCommand, 'earlier-run'),
    ...questionsOf('apis', apisCommand, 'earlier-run'),
  ];
  return await readAll(ssm, questions, deadline);
}

function questionsOf(
  action: MasterAction,
  command: MasterCommand | undefined,
  askedBy: MasterQuestion['askedBy'],
): readonly MasterQuestion[] {
  if (command === undefined) return [];
  return [{ action, command, askedBy, answers: new Map(), silentAt: new Map(), problems: [] }];
}

/** Pauses between two looks, in milliseconds; each is twice as long as the one before. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 1000;

export function latencyRound(ssm: RunCommand, asked: readonly MasterQuestion[]): LatencyRound {
  let questions = asked;
  const read = async (deadline: Deadline): Promise<LatencyReadings> => {
    questions = await readAll(ssm, questions, deadline);
    return readingsOf(questions);
  };
  return {
    read,
    settle: async (patienceMilliseconds, deadline) => {
      const sentAt = Math.max(0, ...own(questions).map(({ command }) => command.sentAt));
      const until = nearer({ ...deadline, at: sentAt + patienceMilliseconds }, deadline);
      for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LONGEST_LOOK_MS)) {
        const readings = await read(deadline);
        if (own(questions).every((one) => pendingOf(one).length === 0)) return readings;
        if (remaining(until) === 0) return readings;
        await sleep(pause, until);
        if (remaining(deadline) === 0) return readings;
      }
    },
  };
}

function own(questions: readonly MasterQuestion[]): readonly MasterQuestion[] {
  return questions.filter(({ askedBy }) => askedBy === 'this-run');
}

async function readAll(
  ssm: RunCommand,
  questions: readonly MasterQuestion[],
  deadline: Deadline,
): Promise<readonly MasterQuestion[]> {
  return await Promise.all(questions.map(async (one) => await readAnswers(ssm, one, deadline)));
}

/** Managed-node ids and names of the masters that may still answer. */
function pendingOf({ command, answers }: MasterQuestion): readonly (readonly [string, string])[] {
  return Object.entries(command.masters).filter(([instanceId]) => !answers.has(instanceId));
}

async function readAnswers(
  ssm: RunCommand,
  question: MasterQuestion,
  deadline: Deadline,
): Promise<MasterQuestion> {
  const pending = pendingOf(question);
  if (pending.length === 0) return question;
  const where = SUBJECTS[question.action];
  try {
    const { byInstance, troubles } = await ssm.peek(question.command.id, deadline);
    const now = deadline.clock.now();
    // The service lists an answer late, or has forgotten a command that is old.
    const isComplete = troubles.length === 0 && question.askedBy === 'this-run';
    const answers = new Map(question.answers);
    const silentAt = new Map(question.silentAt);
    for (const [instanceId, node] of pending) {
      const answer = byInstance.get(instanceId);
      const read = answer === undefined ? undefined : readAnswer(question.action, node, answer);
      if (read !== undefined) answers.set(instanceId, read);
      else if (answer !== undefined || isComplete) silentAt.set(instanceId, now);
    }
    const problems = troubles.map((message) => ({ where, message }));
    return { ...question, answers, silentAt, problems };
  } catch (error) {
    return { ...question, problems: [{ where, message: errorText(error) }] };
  }
}

/** Undefined while the master may still answer. */
function readAnswer(
  action: MasterAction,
  node: string,
  answer: HostAnswer,
): Parsed<MasterAnswer> | undefined {
  switch (answer.kind) {
    case 'answered':
      return parseMasterAnswer(action, { node, text: answer.text });
    case 'ended': {
      const message = `${SUBJECTS[action]}: ${answer.reason}`;
      return { value: { latencies: [], names: [] }, problems: [{ where: node, message }] };
    }
    case 'pending':
      return undefined;
  }
}

/** What is known, of each question by itself. */
export function readingsOf(questions: readonly MasterQuestion[]): LatencyReadings {
  const names = [own(questions), questions].map((some) => [...new Set(some.flatMap(namesOf))]);
  const sums = new Map([...questions.flatMap(sumsOf), ...own(questions).flatMap(sumsOf)]);
  const problems = questions.flatMap((one) => [
    ...one.problems,
    ...[...one.answers.values()].flatMap((answer) => answer.problems),
  ]);
  const unanswered = (action: MasterAction): MasterCommand | undefined =>
    own(questions)
      .filter((one) => one.action === action && pendingOf(one).length > 0)
      .map((one) => ({ ...one.command, masters: Object.fromEntries(pendingOf(one)) }))[0];
  return {
    latencies: ACTIONS.flatMap((action) =>
      latenciesOf(questions.filter((one) => one.action === action)),
    ),
    names: names.find((some) => some.length > 0) ?? [],
    ...(sums.size === 0 ? {} : { nameSums: sums }),
    problems,
    unanswered: { latencyCommand: unanswered('latency'), apisCommand: unanswered('apis') },
  };
}

function namesOf({ answers }: MasterQuestion): readonly string[] {
  return [...answers.values()].flatMap(({ value }) => value.names);
}

function sumsOf({ answers }: MasterQuestion): readonly (readonly [string, string])[] {
  return [...answers].flatMap(([instanceId, { value }]) =>
    value.nameSum === undefined ? [] : [[instanceId, value.nameSum] as const],
  );
}

/**
 * Of one action. An earlier run's answer or silence stands until the same master has answered this
 * run; of two silences the longer one stands.
 */
function latenciesOf(questions: readonly MasterQuestion[]): readonly Latency[] {
  const now = own(questions);
  const earlier = questions.filter(({ askedBy }) => askedBy === 'earlier-run');
  const answered = now.flatMap(answeredLatencies);
  const known = new Set(answered.map(({ node }) => node));
  const silent = earlier.flatMap(silences);
  const standing = [...silent, ...earlier.flatMap(answeredLatencies)].filter(
    ({ node }) => !known.has(node),
  );
  const silentBefore = new Set(silent.map(({ node }) => node));
  const newlySilent = now.flatMap(silences).filter(({ node }) => !silentBefore.has(node));
  return [...newlySilent, ...answered, ...standing];
}

function answeredLatencies({ answers, askedBy, command }: MasterQuestion): readonly Latency[] {
  const latencies = [...answers.values()].flatMap(({ value }) => value.latencies);
  return latencies.map((one) => ({ ...one, ...askedAt(askedBy, command) }));
}

/** How long nothing has come, of the masters that certainly had not answered. */
function silences({
  action,
  answers,
  askedBy,
  command,
  silentAt,
}: MasterQuestion): readonly Latency[] {
  return [...silentAt]
    .filter(([instanceId]) => !answers.has(instanceId))
    .map(([instanceId, at]) => ({
      node: command.masters[instanceId] ?? instanceId,
      request: SILENT_REQUESTS[action],
      outcome: 'no-answer',
      seconds: (at - command.sentAt) / 1000,
      detail: '',
      ...askedAt(askedBy, command),
    }));
}

/** The time of day belongs to what an earlier run asked. */
function askedAt(
  askedBy: MasterQuestion['askedBy'],
  { sentAt }: MasterCommand,
): Pick<Latency, 'askedAt'> {
  return askedBy === 'this-run' ? {} : { askedAt: sentAt };
}
