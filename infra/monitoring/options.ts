import { limitsSchema } from '../../shared/contract/settings.ts';

/** What the rules and the dashboard of one installation depend on. */
export interface MonitoringOptions {
  /** The time between two runs. Every window of a query is a number of runs. */
  readonly scheduleSeconds: number;
  /** A master that takes longer is slow, as with `slowSeconds` in the function's limits. */
  readonly slowSeconds: number;
  /** Precedes `RUNBOOK.md#…` in every link: the address of a folder, with a slash at its end. */
  readonly runbookBase: string;
  /** Whether a backend that replaces dots with underscores also appends units to names. */
  readonly unitSuffixes: boolean;
  /** Whether a backend that keeps dots appends units to names. */
  readonly dottedUnits: boolean;
  /** Clusters of which each has a rule that fires when it has never reported, or for `memory`. */
  readonly clusters: readonly string[];
  /** For so long a cluster that stops reporting is still listed: a duration, as PromQL writes it. */
  readonly memory: string;
}

/** The first line of every generated file that can have comments. */
export const GENERATED =
  'Made by `npm run generate` from shared/contract/telemetry.ts and infra/monitoring: change these.';

/** The stack's own defaults. */
export const DEFAULT_OPTIONS: MonitoringOptions = {
  scheduleSeconds: 300,
  slowSeconds: limitsSchema.parse({}).slowSeconds,
  // An example: --runbook, or the repository that this checkout was cloned from, replaces it.
  runbookBase: 'https://git.example.com/vtepwatch/blob/HEAD/',
  unitSuffixes: true,
  dottedUnits: false,
  clusters: [],
  // A long weekend.
  memory: '3d',
};

/**
 * A gauge has one value per run, so an instant query would find it only now and then. Three runs:
 * one may be lost and another late before a value expires.
 */
export const WINDOW_RUNS = 3;

export function windowOf({ scheduleSeconds }: MonitoringOptions): string {
  return promDuration(WINDOW_RUNS * scheduleSeconds);
}

/**
 * Windows, in runs, for a condition that two runs in a row meet and no other run contradicts. The
 * short window soon leaves older values behind; the long one still has two runs if one is late or
 * lost.
 */
export const PAIR_RUNS = [2, 3] as const;

const WORDS = { d: 'day', h: 'hour' } as const;

/** `memory` in words: `3 days`. */
export function memoryInWords({ memory }: MonitoringOptions): string {
  const count = Number.parseInt(memory, 10);
  return `${count} ${memory.endsWith('h') ? WORDS.h : WORDS.d}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** A duration as PromQL writes it, in the largest unit that holds it exactly: `15m`, `90s`, `2500ms`. */
export function promDuration(seconds: number): string {
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  const unit = UNITS.find(([, length]) => seconds >= length && seconds % length === 0);
  return unit === undefined ? `${seconds}s` : `${seconds / unit[1]}${unit[0]}`;
}
