/**
 * How the masters' API servers answer: what this run knows of `kubectl get nodes` on each, and what is
 * remembered of it. One measurement says nothing; two running do.
 */
import { PROBE_TIMEOUT_SECONDS } from '../../contract/probe.ts';
import type { Limits } from '../../contract/settings.ts';
import {
  type ApiMeasurement,
  type Latency,
  measurementsIn,
  type RememberedApi,
  type ResponseTime,
} from '../latency.ts';

/** The state of an API server of which something is known. */
export type ApiState =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'slow' | 'unreachable';
      readonly response: ResponseTime;
      /** How many answers the usual time is the median of. */
      readonly answers: number;
      readonly readyzSeconds: number | undefined;
    };

/** A master, as a run sees it. */
interface TimedMaster {
  readonly node: string;
  readonly before: RememberedApi | undefined;
  /** Whether its host answered this run. */
  readonly isHeard: boolean;
  /** Whether something else explains what its API server does, or nothing is to be said of it yet. */
  readonly isExplained: boolean;
}

interface TimedApis {
  /** By node; without those of which this run cannot say it. */
  readonly states: ReadonlyMap<string, ApiState>;
  readonly remembered: readonly RememberedApi[];
}

/** How many answers show what is usual, as the last of them. */
const USUAL_ANSWERS = 12;

/** The median of fewer moves with two odd ones among them, as the first after a boot are. */
const FEWEST_ANSWERS = 5;

/** Slow besides what takes longer than `slowSeconds`: so many times what is usual, and longer than that. */
const TIMES_USUAL = 5;
const NOTICED_SECONDS = 1;

/** How many measurements running it takes. */
const RUNNING = 2;

/** The states of the API servers, and what is remembered of them, at the moment of the decision. */
export function timedApis(
  masters: readonly TimedMaster[],
  latencies: readonly Latency[],
  limits: Pick<Limits, 'slowSeconds'>,
): TimedApis {
  const earlier = measurementsIn(latencies, 'earlier-run');
  const now = measurementsIn(latencies, 'this-run');
  const after = masters.map((master) =>
    apiAfter(master, { earlier: earlier.get(master.node), now: now.get(master.node) }, limits),
  );
  return {
    states: new Map(
      after.flatMap(({ remembered, state }) =>
        state === undefined ? [] : [[remembered.node, state] as const],
      ),
    ),
    remembered: after.map(({ remembered }) => remembered),
  };
}

/** The same memory once the run has waited longer for answers: what came meanwhile counts in the next run. */
export function withLateAnswers(
  remembered: readonly RememberedApi[],
  decidedFrom: readonly Latency[],
  latencies: readonly Latency[],
): readonly RememberedApi[] {
  const known = measurementsIn(decidedFrom, 'this-run');
  const later = measurementsIn(latencies, 'this-run');
  return remembered.map((one) => {
    const late = isEnded(known.get(one.node)) ? undefined : later.get(one.node);
    return one.isExplained || !isEnded(late) ? one : { ...one, late };
  });
}

function isEnded(measured: ApiMeasurement | undefined): measured is ApiMeasurement {
  return measured !== undefined && measured.kind !== 'no-answer';
}

interface Measured {
  readonly earlier: ApiMeasurement | undefined;
  readonly now: ApiMeasurement | undefined;
}

function apiAfter(
  { node, before = { ...NEVER_TIMED, node }, isHeard, isExplained }: TimedMaster,
  { earlier, now }: Measured,
  limits: Pick<Limits, 'slowSeconds'>,
): { readonly remembered: RememberedApi; readonly state: ApiState | undefined } {
  const seen = { ...before, isHeard, isExplained, late: undefined };
  if (isExplained) return { remembered: { ...seen, slow: 0, unreachable: 0 }, state: undefined };
  const taken = isCounted(earlier, before.isHeard && isHeard) ? earlier : before.late;
  const measured = [
    ...(before.isExplained ? [] : [taken]),
    // What has not come yet is left to the next run, which knows how long it took.
    isEnded(now) ? now : undefined,
  ].filter((one) => one !== undefined);
  let [remembered, state]: [RememberedApi, ApiState | undefined] = [seen, undefined];
  for (const one of measured) {
    const verdict = verdictOf(one, remembered, limits);
    if (verdict === 'unknown') continue;
    remembered = afterMeasurement(remembered, verdict, one);
    state = stateOf(remembered, verdict, one);
  }
  return { remembered, state };
}

const NEVER_TIMED = {
  usual: [],
  slow: 0,
  unreachable: 0,
  isHeard: false,
  isExplained: false,
} as const;

/**
 * Silence of a command that an earlier run sent is the API server's only where its host answered both runs,
 * and while the script may still run: else it is that of the agent.
 */
function isCounted(measured: ApiMeasurement | undefined, isHeard: boolean): boolean {
  if (measured === undefined) return false;
  return measured.kind !== 'no-answer' || (isHeard && measured.seconds < PROBE_TIMEOUT_SECONDS);
}

type Verdict = 'fast' | 'slow' | 'unreachable' | 'unknown';

function verdictOf(
  { kind, seconds }: ApiMeasurement,
  { usual }: RememberedApi,
  { slowSeconds }: Pick<Limits, 'slowSeconds'>,
): Verdict {
  const isSlow = seconds > slowSeconds;
  switch (kind) {
    case 'answered':
      return isSlow || isUnusual(seconds, usual) ? 'slow' : 'fast';
    case 'down':
      return 'unreachable';
    // What fails at once, as without a right, says nothing of how fast it is. Nor does a short silence.
    case 'failed':
    case 'no-answer':
      return isSlow ? 'slow' : 'unknown';
  }
}

function isUnusual(seconds: number, usual: readonly number[]): boolean {
  const median = usualOf(usual);
  return median !== undefined && seconds > TIMES_USUAL * median && seconds > NOTICED_SECONDS;
}

/** The median; undefined of too few. */
function usualOf(answers: readonly number[]): number | undefined {
  if (answers.length < FEWEST_ANSWERS) return undefined;
  const sorted = answers.toSorted((one, two) => one - two);
  const [low = 0, high = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return (low + high) / 2;
}

/** Slow answers do not become usual, however long it lasts. */
function afterMeasurement(
  before: RememberedApi,
  verdict: Exclude<Verdict, 'unknown'>,
  { seconds }: ApiMeasurement,
): RememberedApi {
  switch (verdict) {
    case 'fast': {
      const usual = [...before.usual, seconds].slice(-USUAL_ANSWERS);
      return { ...before, usual, slow: 0, unreachable: 0 };
    }
    case 'slow':
      return { ...before, slow: oneMore(before.slow), unreachable: 0 };
    case 'unreachable':
      return {
        ...before,
        slow: oneMore(before.slow),
        unreachable: oneMore(before.unreachable),
      };
  }
}

function oneMore(count: number): number {
  return Math.min(count + 1, RUNNING);
}

function stateOf(
  { usual, slow, unreachable }: RememberedApi,
  verdict: Exclude<Verdict, 'unknown'>,
  { kind, seconds, readyzSeconds }: ApiMeasurement,
): ApiState | undefined {
  if (verdict === 'fast') return { kind: 'ok' };
  if (slow < RUNNING) return undefined;
  const usualSeconds = usualOf(usual);
  return {
    kind: unreachable < RUNNING ? 'slow' : 'unreachable',
    response: {
      seconds,
      ...(kind === 'answered' ? {} : { isUnanswered: true }),
      ...(usualSeconds === undefined ? {} : { usualSeconds }),
    },
    answers: usual.length,
    readyzSeconds,
  };
}
