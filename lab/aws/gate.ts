import type { Time } from './time.ts';

/**
 * Every request to the lab's AWS passes a gate, which writes the call down and throttles or fails
 * it where it was told to. Rules may be set and taken back while calls come in.
 */
export interface Gate {
  /** The latest calls, oldest first, refused ones included; at most `CALLS_KEPT`. */
  readonly calls: readonly Call[];
  /** How often an operation was called since the gate was made, however many calls are kept. */
  count(operation: string): number;
  /** The first rule that fits a call decides about it. */
  fail(rule: FaultRule): void;
  /** Replaces the operation's earlier limit. */
  limit(limit: RateLimit): void;
  /** Takes back all faults and limits. */
  open(): void;
  admit(operation: string, input: unknown): Verdict;
}

interface Call {
  readonly operation: string;
  /** When the request had been read, in milliseconds since the epoch. */
  readonly at: number;
  readonly input: unknown;
  readonly verdict: Verdict['kind'];
}

type Verdict = { readonly kind: 'admitted' } | { readonly kind: 'throttled' } | Fault;

export type Fault =
  /** Nothing takes effect; the caller is told so. */
  | { readonly kind: 'refused'; readonly error: ServiceError }
  /** The connection ends; nothing has taken effect. */
  | { readonly kind: 'dropped-before' }
  /** The call takes effect, then the connection ends: the caller cannot know. */
  | { readonly kind: 'dropped-after' }
  /** Nothing takes effect, and nothing is answered as long as the caller waits. */
  | { readonly kind: 'stalled' }
  /** Nothing takes effect; the caller gets this text instead of an answer. */
  | { readonly kind: 'garbled'; readonly status: number; readonly body: string };

export interface ServiceError {
  /** The exception's name, `ThrottlingException`. */
  readonly type: string;
  readonly message: string;
  readonly status: number;
}

interface FaultRule {
  /** An operation's name, or `*` for every one. */
  readonly operation: string;
  readonly fault: Fault;
  /** How many fitting calls pass before the first that fails. Default 0. */
  readonly skip?: number;
  /** How many calls fail. Default: all, until the gate is opened. */
  readonly times?: number;
}

/** A token bucket: `burst` calls at once, `perSecond` from then on. */
interface RateLimit {
  /** An operation's name, or `*` for one bucket that all operations share. */
  readonly operation: string;
  readonly burst: number;
  readonly perSecond: number;
}

const CALLS_KEPT = 100_000;
/** Dropping one by one would move the whole array at each call. */
const CALLS_DROPPED_AT_ONCE = 10_000;

interface ActiveRule {
  readonly rule: FaultRule;
  skip: number;
  times: number;
}

interface Bucket {
  readonly limit: RateLimit;
  tokens: number;
  at: number;
}

export function createGate({ now }: Pick<Time, 'now'>): Gate {
  const calls: Call[] = [];
  const counts = new Map<string, number>();
  const rules: ActiveRule[] = [];
  const buckets = new Map<string, Bucket>();

  return {
    calls,
    count: (operation) => counts.get(operation) ?? 0,
    fail: (rule) => {
      rules.push({ rule, skip: rule.skip ?? 0, times: rule.times ?? Number.POSITIVE_INFINITY });
    },
    limit: (limit) => {
      buckets.set(limit.operation, { limit, tokens: limit.burst, at: now() });
    },
    open: () => {
      rules.length = 0;
      buckets.clear();
    },
    admit: (operation, input) => {
      const at = now();
      const verdict = judge({ operation, at, rules, buckets });
      calls.push({ operation, at, input, verdict: verdict.kind });
      if (calls.length > CALLS_KEPT) calls.splice(0, CALLS_DROPPED_AT_ONCE);
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
      return verdict;
    },
  };
}

interface Case {
  readonly operation: string;
  readonly at: number;
  readonly rules: readonly ActiveRule[];
  readonly buckets: ReadonlyMap<string, Bucket>;
}

function judge({ operation, at, rules, buckets }: Case): Verdict {
  for (const active of rules) {
    const fits = active.rule.operation === '*' || active.rule.operation === operation;
    if (!fits || active.times === 0) continue;
    if (active.skip > 0) {
      active.skip -= 1;
      continue;
    }
    active.times -= 1;
    return active.rule.fault;
  }
  for (const bucket of [buckets.get(operation), buckets.get('*')]) {
    if (bucket !== undefined && !takeToken(bucket, at)) return { kind: 'throttled' };
  }
  return { kind: 'admitted' };
}

function takeToken(bucket: Bucket, at: number): boolean {
  const refilled = ((at - bucket.at) / 1000) * bucket.limit.perSecond;
  bucket.tokens = Math.min(bucket.limit.burst, bucket.tokens + refilled);
  bucket.at = at;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
