import { type Latency, type Problem, REQUESTS } from '../shared/contract/report.ts';
import {
  type MasterAction,
  type MasterAnswer,
  parseMasterAnswer,
} from '../shared/core/parse/latency-answer.ts';
import type { Parsed } from '../shared/core/parse/parsed.ts';
import { formatTime } from '../shared/core/time.ts';
import { type Deadline, nearer, remaining, sleep } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { HostAnswer } from './shell/ssm/answers.ts';
import type { LatencyCommand } from './shell/incident-store/stored.ts';
import { REFUSED, type RunCommand } from './shell/ssm/run-command.ts';

/**
 * Latencies come by a command of their own, to the masters alone, for which no verdict and no page
 * ever waits: a master may hang for 45 s. What has not come when the run ends is taken up by the
 * next one, through the command's id.
 */
export interface LatencyRound {
  /** What an earlier run asked, and was answered after its end. */
  readonly late: Measured;
  /** What this run asked. */
  readonly command: LatencyCommand | undefined;
}

/** Managed-node ids of masters with their names: whom to ask. */
export type Masters = Readonly<Record<string, string>>;

/** What is known of the masters' latencies at one moment. */
export interface Measured {
  readonly latencies: readonly Latency[];
  /** Nodes that the masters listed. */
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
  /** The command, as far as it is unanswered: the next run takes it up. */
  readonly unanswered: LatencyCommand | undefined;
  /** Nodes that have certainly not answered: where the list failed, nothing is certain. */
  readonly silent: readonly string[];
}

/** Managed nodes that one command can name; no control plane has as many masters. */
const MASTERS = 50;

/** What became of asking the masters. */
export interface AskedMasters {
  /** Undefined where there is no master that could be asked. */
  readonly command: LatencyCommand | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Asks every master how long its own API server takes. `apis`: whether it reaches the aggregated
 * APIs.
 */
export async function askMasters(
  ssm: RunCommand,
  { action, masters }: { readonly action: MasterAction; readonly masters: Masters },
  deadline: Deadline,
): Promise<AskedMasters> {
  const named = Object.entries(masters).slice(0, MASTERS);
  if (named.length === 0) return { command: undefined, problems: [] };
  const targets = [{ Key: 'InstanceIds', Values: named.map(([instanceId]) => instanceId) }];
  const { id, refused } = await ssm.send({ action, targets }, deadline);
  const asked = named.filter(([instanceId]) => !refused.includes(instanceId));
  return {
    command:
      id === undefined ? undefined : { id, sentAt: Date.now(), masters: Object.fromEntries(asked) },
    problems: refused.map((instanceId) => ({
      where: masters[instanceId] ?? instanceId,
      message: `latency: ${REFUSED.reason}`,
    })),
  };
}

/**
 * Takes up what an earlier run asked. A master that is silent still is told with how long: its answer
 * may always come after the run that could have read it.
 */
export async function takeUp(
  ssm: RunCommand,
  command: LatencyCommand | undefined,
  deadline: Deadline,
): Promise<Measured> {
  const measured = await measure(ssm, { action: 'latency', command, listed: true }, deadline);
  const askedAt = formatTime(command?.sentAt ?? 0);
  const told = [...silences(command, measured.silent), ...measured.latencies];
  return { ...measured, latencies: told.map((one) => ({ ...one, askedAt })) };
}

/** What is known now. A master that has not answered is told with how long it has been silent. */
export async function knownLatencies(
  ssm: RunCommand,
  { late: taken, command }: LatencyRound,
  deadline: Deadline,
): Promise<Measured> {
  const [late, now] = await Promise.all([
    lookOnceMore(ssm, taken, deadline),
    measure(ssm, { action: 'latency', command }, deadline),
  ]);
  const answered = new Set(now.latencies.map(({ node }) => node));
  const stillTelling = late.latencies.filter(({ node }) => !answered.has(node));
  // Of two silences the longer one says more.
  const silent = new Set(stillTelling.filter(isSilence).map(({ node }) => node));
  const newlySilent = now.silent.filter((node) => !silent.has(node));
  return {
    ...now,
    latencies: [...silences(command, newlySilent), ...now.latencies, ...stillTelling],
    names: now.names.length > 0 ? now.names : late.names,
    problems: [...late.problems, ...now.problems],
  };
}

/** The earlier run's answers, with what has come of them since they were taken up. */
async function lookOnceMore(
  ssm: RunCommand,
  late: Measured,
  deadline: Deadline,
): Promise<Measured> {
  if (late.unanswered === undefined) return late;
  const again = await takeUp(ssm, late.unanswered, deadline);
  const told = new Set(again.latencies.map(({ node }) => node));
  const unheard = new Set(Object.values(again.unanswered?.masters ?? {}));
  const kept = late.latencies.filter(
    (one) => !isSilence(one) || (unheard.has(one.node) && !told.has(one.node)),
  );
  return {
    ...again,
    latencies: [...kept, ...again.latencies],
    names: again.names.length > 0 ? again.names : late.names,
    problems: [...late.problems, ...again.problems],
  };
}

function isSilence({ outcome }: Latency): boolean {
  return outcome === 'no-answer';
}

function silences(
  command: LatencyCommand | undefined,
  nodes: readonly string[],
): readonly Latency[] {
  const seconds = (Date.now() - (command?.sentAt ?? Date.now())) / 1000;
  return nodes.map((node) => ({
    node,
    request: REQUESTS.getNodesAndReadyz,
    outcome: 'no-answer',
    seconds,
    detail: '',
  }));
}

/** Adds whether the masters' API servers reach the aggregated APIs. */
export async function withApis(
  ssm: RunCommand,
  known: Measured,
  asked: { readonly command: LatencyCommand | undefined; readonly deadline: Deadline },
): Promise<Measured> {
  const apis = await measure(ssm, { action: 'apis', command: asked.command }, asked.deadline);
  return { ...known, latencies: [...known.latencies, ...apis.latencies] };
}

/** Pause between two looks, in milliseconds. */
const LOOK_MS = 1000;

/** As `knownLatencies`, once every master has answered or the time has come. */
export async function awaitLatencies(
  ssm: RunCommand,
  round: LatencyRound,
  waiting: { readonly until: Deadline; readonly deadline: Deadline },
): Promise<Measured> {
  const until = nearer(waiting.until, waiting.deadline);
  for (;;) {
    const known = await knownLatencies(ssm, round, waiting.deadline);
    if (known.unanswered === undefined || remaining(until) === 0) return known;
    await sleep(LOOK_MS, until);
    // A look that comes too late would only lose what this one saw.
    if (remaining(waiting.deadline) === 0) return known;
  }
}

const NOTHING: Measured = {
  latencies: [],
  names: [],
  problems: [],
  unanswered: undefined,
  silent: [],
};

async function measure(
  ssm: RunCommand,
  asked: {
    readonly action: MasterAction;
    readonly command: LatencyCommand | undefined;
    /** Only a master that the service lists is silent: what was asked long ago may be forgotten. */
    readonly listed?: boolean;
  },
  deadline: Deadline,
): Promise<Measured> {
  const { action, command, listed = false } = asked;
  if (command === undefined) return NOTHING;
  try {
    const { byInstance, troubles } = await ssm.peek(command.id, deadline);
    const masters = Object.entries(command.masters);
    const read = masters.map(([id, node]) => readAnswer(action, node, byInstance.get(id)));
    const pending = masters.filter(([id]) => (byInstance.get(id)?.kind ?? 'pending') === 'pending');
    const certain = pending.filter(
      ([id]) => byInstance.has(id) || (!listed && troubles.length === 0),
    );
    return {
      latencies: read.flatMap(({ value }) => value.latencies),
      names: [...new Set(read.flatMap(({ value }) => value.names))],
      problems: [
        ...troubles.map((message) => ({ where: 'latency', message })),
        ...read.flatMap(({ problems }) => problems),
      ],
      unanswered:
        pending.length === 0 ? undefined : { ...command, masters: Object.fromEntries(pending) },
      silent: certain.map(([, node]) => node),
    };
  } catch (error) {
    const problem = { where: 'latency', message: errorText(error) };
    return { ...NOTHING, problems: [problem], unanswered: command };
  }
}

function readAnswer(
  action: MasterAction,
  node: string,
  answer: HostAnswer | undefined,
): Parsed<MasterAnswer> {
  const value = { latencies: [], names: [] };
  switch (answer?.kind) {
    case 'answered':
      return parseMasterAnswer(action, { node, text: answer.text });
    case 'ended':
      return { value, problems: [{ where: node, message: `latency: ${answer.reason}` }] };
    case 'pending':
    case undefined:
      return { value, problems: [] };
  }
}
