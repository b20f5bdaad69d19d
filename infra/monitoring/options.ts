import { limitsSchema } from '../../shared/contract/settings.ts';

/** What the rules and the dashboard of one installation depend on. */
export interface MonitoringOptions {
  /** How often the function runs: every window is so many of its runs. */
  readonly scheduleSeconds: number;
  /** From when on a master is slow, as `slowSeconds` of the function's limits. */
  readonly slowSeconds: number;
  /** Put before `RUNBOOK.md#…` in every link: the address of a folder, with the slash at its end. */
  readonly runbookBase: string;
  /** Whether the backend puts units behind names, where it makes underscores of dots. */
  readonly unitSuffixes: boolean;
}

/** The stack's own defaults. */
export const DEFAULT_OPTIONS: MonitoringOptions = {
  scheduleSeconds: 300,
  slowSeconds: limitsSchema.parse({}).slowSeconds,
  runbookBase: '',
  unitSuffixes: true,
};

/**
 * A gauge is there once a run, so a query that looks at an instant would blink. Three runs: one may
 * be lost, and another late, before what is known is forgotten.
 */
export const WINDOW_RUNS = 3;

export function windowOf({ scheduleSeconds }: MonitoringOptions): string {
  return promDuration(WINDOW_RUNS * scheduleSeconds);
}

/**
 * Windows in which two runs in a row say something, and no other run denies it. The short one is soon
 * free of what was before; the long one has two runs still where one came late, or was lost.
 */
export const PAIR_RUNS = [2, 3] as const;

/** A long weekend: for so long a cluster that fell silent is still known by its name. */
export const MEMORY = '3d';

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
