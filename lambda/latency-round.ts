import type { Latency, Problem } from '../shared/contract/report.ts';
import { parseLatencyAnswer } from '../shared/core/parse/latency-answer.ts';
import type { Parsed } from '../shared/core/parse/parsed.ts';
import { formatTime } from '../shared/core/time.ts';
import { type Deadline, nearer, remaining, sleep } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { HostAnswer } from './shell/ssm/answers.ts';
import type { LatencyCommand } from './shell/incident-store/stored.ts';
import type { RunCommand } from './shell/ssm/run-command.ts';

/**
 * Latencies come by a command of their own, to the masters alone, for which no verdict and no page
 * ever waits: a master may hang for 45 s. What has not come when the run ends is taken up by the
 * next one, through the command's id.
 */
export interface LatencyRound {
  /** What an earlier run asked, and was answered after its end. */
  readonly late: readonly Latency[];
  /** What this run asked. */
  readonly command: LatencyCommand | undefined;
  readonly problems: readonly Problem[];
}

/** Managed-node ids of masters with their names: whom to ask. */
export type Masters = Readonly<Record<string, string>>;

/** What is known of the masters' latencies at one moment. */
export interface Latencies {
  readonly latencies: readonly Latency[];
  readonly problems: readonly Problem[];
  /** The command, as far as it is unanswered: the next run takes it up. */
  readonly unanswered: LatencyCommand | undefined;
}

/** Managed nodes that one command can name; no control plane has as many masters. */
const MASTERS = 50;

/** Asks every master how long its own API server takes. Undefined where there is no master. */
export async function askMasters(
  ssm: RunCommand,
  masters: Masters,
  deadline: Deadline,
): Promise<LatencyCommand | undefined> {
  const ids = Object.keys(masters).slice(0, MASTERS);
  if (ids.length === 0) return undefined;
  const targets = [{ Key: 'InstanceIds', Values: ids }];
  const id = await ssm.send({ action: 'latency', targets }, deadline);
  return { id, sentAt: Date.now(), masters };
}

/** Takes up what an earlier run asked. */
export async function takeUp(
  ssm: RunCommand,
  command: LatencyCommand | undefined,
  deadline: Deadline,
): Promise<Pick<LatencyRound, 'late' | 'problems'>> {
  const { answered, problems } = await measured(ssm, command, deadline);
  const askedAt = formatTime(command?.sentAt ?? 0);
  return { late: answered.map((latency) => ({ ...latency, askedAt })), problems };
}

/** What is known now. A master that has not answered is told with how long it has been silent. */
export async function knownLatencies(
  ssm: RunCommand,
  { late, command, problems }: LatencyRound,
  deadline: Deadline,
): Promise<Latencies> {
  const now = await measured(ssm, command, deadline);
  const answered = new Set(now.answered.map(({ node }) => node));
  const silent = Object.values(now.unanswered?.masters ?? {}).map((node): Latency => ({
    node,
    request: 'kubectl get nodes',
    outcome: 'no-answer',
    seconds: (Date.now() - (command?.sentAt ?? Date.now())) / 1000,
    detail: '',
  }));
  return {
    latencies: [...silent, ...now.answered, ...late.filter(({ node }) => !answered.has(node))],
    problems: [...problems, ...now.problems],
    unanswered: now.unanswered,
  };
}

/** Pause between two looks, in milliseconds. */
const LOOK_MS = 1000;

/** As `knownLatencies`, once every master has answered or the time has come. */
export async function awaitLatencies(
  ssm: RunCommand,
  round: LatencyRound,
  waiting: { readonly until: Deadline; readonly deadline: Deadline },
): Promise<Latencies> {
  const until = nearer(waiting.until, waiting.deadline);
  for (;;) {
    const known = await knownLatencies(ssm, round, waiting.deadline);
    if (known.unanswered === undefined || remaining(until) === 0) return known;
    await sleep(LOOK_MS, until);
  }
}

interface Measured {
  readonly answered: readonly Latency[];
  readonly problems: readonly Problem[];
  readonly unanswered: LatencyCommand | undefined;
}

async function measured(
  ssm: RunCommand,
  command: LatencyCommand | undefined,
  deadline: Deadline,
): Promise<Measured> {
  if (command === undefined) return { answered: [], problems: [], unanswered: undefined };
  try {
    const { byInstance, troubles } = await ssm.peek(command.id, deadline);
    const masters = Object.entries(command.masters);
    const read = masters.map(([id, node]) => readAnswer(node, byInstance.get(id)));
    const silent = masters.filter(([id]) => (byInstance.get(id)?.kind ?? 'pending') === 'pending');
    return {
      answered: read.flatMap(({ value }) => value),
      problems: [
        ...troubles.map((message) => ({ where: 'latency', message })),
        ...read.flatMap(({ problems }) => problems),
      ],
      unanswered:
        silent.length === 0 ? undefined : { ...command, masters: Object.fromEntries(silent) },
    };
  } catch (error) {
    const problem = { where: 'latency', message: errorText(error) };
    return { answered: [], problems: [problem], unanswered: command };
  }
}

function readAnswer(node: string, answer: HostAnswer | undefined): Parsed<readonly Latency[]> {
  switch (answer?.kind) {
    case 'answered':
      return parseLatencyAnswer(node, answer.text);
    case 'ended':
      return { value: [], problems: [{ where: node, message: `latency: ${answer.reason}` }] };
    case 'pending':
    case undefined:
      return { value: [], problems: [] };
  }
}
