/** One figure of the benchmark, with what it is to be compared with. */
export interface Measurement {
  readonly part: Part;
  readonly what: string;
  readonly nodes: number | undefined;
  /** Undefined where it could not be measured; `note` says why. */
  readonly value: number | undefined;
  readonly unit: Unit;
  /** The most that it may be. */
  readonly bound?: number | undefined;
  /** The same by the plain way: tables in full, gzipped, that `plain/judge.go` reads and compares. */
  readonly plain?: number | undefined;
  readonly note?: string | undefined;
}

export const PARTS = ['scale', 'plain', 'growth', 'device', 'bundle'] as const;

export type Part = (typeof PARTS)[number];

export type Unit = 'B' | 'ms' | 'calls' | 'points' | 'nodes' | 'ratio';

/** Told what is being done, before it is done. */
export type Progress = (step: string) => void;

/** The middle one of several: a busy computer makes some of them larger. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
