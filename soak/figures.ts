import { FAILURE_KINDS, type Failure, type FailureKind } from './oracle/failure.ts';
import type { JudgedFault } from './oracle/oracle.ts';
import type { Simulation } from './simulate.ts';
import type { Deployment } from './story.ts';

/** What many stories of one deployment came to. */
export interface Figures {
  readonly deployment: Deployment;
  readonly seed: string;
  readonly stories: number;
  readonly runs: number;
  readonly pages: number;
  readonly faults: number;
  readonly failures: Readonly<Record<FailureKind, number>>;
  /** How often each kind of failure befell each kind of thing, the most frequent first. */
  readonly breakdown: readonly {
    readonly kind: FailureKind;
    readonly of: string;
    readonly count: number;
  }[];
  /** Stories in which each kind occurred, at most a few. */
  readonly examples: Readonly<Partial<Record<FailureKind, readonly string[]>>>;
  /** How many faults had so many pages, and so many keys; the index is the number. */
  readonly pagesPerFault: readonly number[];
  readonly keysPerFault: readonly number[];
  /** Seconds from a fault to its first page: of faults that cut a node off from half of the others, and of smaller ones. */
  readonly secondsToPage: { readonly wide: Spread; readonly small: Spread };
  /** Processor time and real time, seconds. */
  readonly seconds: number;
}

interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** One story, played. */
export interface PlayedStory extends Simulation {
  readonly story: string;
}

/** How many stories a kind of failure is shown with. */
const EXAMPLES = 5;

/** Sums stories up. `seconds`: how long they took in real time. */
export function figuresOf(
  played: readonly PlayedStory[],
  facts: { readonly deployment: Deployment; readonly seed: string; readonly seconds: number },
): Figures {
  const failures = played.flatMap(({ verdict }) => verdict.failures);
  const faults = played.flatMap(({ verdict }) => verdict.faults);
  return {
    ...facts,
    stories: played.length,
    runs: sum(played.map(({ runs }) => runs)),
    pages: sum(played.map(({ verdict }) => verdict.pages)),
    faults: faults.length,
    failures: countsOf(failures),
    breakdown: breakdownOf(failures),
    examples: examplesOf(played),
    pagesPerFault: histogramOf(faults.map(({ pages }) => pages)),
    keysPerFault: histogramOf(faults.map(({ keys }) => keys)),
    secondsToPage: {
      wide: spreadOf(faults.filter(({ isWide }) => isWide)),
      small: spreadOf(faults.filter(({ isWide }) => !isWide)),
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

export function kinds(): readonly FailureKind[] {
  return Object.keys(FAILURE_KINDS).filter(isKind);
}

function isKind(text: string): text is FailureKind {
  return Object.hasOwn(FAILURE_KINDS, text);
}

function countsOf(failures: readonly Failure[]): Figures['failures'] {
  const count = (wanted: FailureKind): number =>
    failures.filter(({ kind }) => kind === wanted).length;
  return {
    'false-page': count('false-page'),
    missed: count('missed'),
    hidden: count('hidden'),
    'wrong-victim': count('wrong-victim'),
    'wrong-cause': count('wrong-cause'),
    'second-key': count('second-key'),
    flapping: count('flapping'),
    'resolved-early': count('resolved-early'),
    'left-open': count('left-open'),
    'unknown-too-long': count('unknown-too-long'),
    'run-failed': count('run-failed'),
  };
}

function breakdownOf(failures: readonly Failure[]): Figures['breakdown'] {
  const groups = Map.groupBy(failures, ({ kind, of }) => `${kind} ${of}`);
  return [...groups.values()]
    .flatMap((alike) => {
      const [first] = alike;
      return first === undefined ? [] : [{ kind: first.kind, of: first.of, count: alike.length }];
    })
    .toSorted((one, other) => other.count - one.count);
}

function examplesOf(played: readonly PlayedStory[]): Figures['examples'] {
  return Object.fromEntries(
    kinds().flatMap((kind) => {
      const stories = played
        .filter(({ verdict }) => verdict.failures.some((failure) => failure.kind === kind))
        .map(({ story }) => story)
        .slice(0, EXAMPLES);
      return stories.length === 0 ? [] : [[kind, stories]];
    }),
  );
}

function histogramOf(counts: readonly number[]): readonly number[] {
  return Array.from(
    { length: Math.max(-1, ...counts) + 1 },
    (_, wanted) => counts.filter((count) => count === wanted).length,
  );
}

function spreadOf(faults: readonly JudgedFault[]): Spread {
  const seconds = faults.flatMap((fault) => fault.seconds ?? []).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? 0);
  return { count: seconds.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
