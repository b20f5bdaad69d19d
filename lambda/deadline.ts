/**
 * Time, as the function sees it. The handler hands in the system's clock, and a test or a simulation one
 * of its own: nothing else in the function reads the time or sleeps.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after so many milliseconds, or as soon as the signal aborts. Never rejects. */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Aborts with a `TimeoutError` after so many milliseconds. No process stays alive for it. */
  timeout(milliseconds: number): AbortSignal;
}

/** A moment by which something must be done. Every wait of a run has one, and counts on its clock. */
export interface Deadline {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly clock: Clock;
}

export function deadlineIn(milliseconds: number, clock: Clock): Deadline {
  return { at: clock.now() + milliseconds, clock };
}

/** So long from now, but no later than the deadline. */
export function within(milliseconds: number, deadline: Deadline): Deadline {
  return nearer(deadlineIn(milliseconds, deadline.clock), deadline);
}

/** The earlier of two deadlines. */
export function nearer(one: Deadline, two: Deadline): Deadline {
  return one.at <= two.at ? one : two;
}

export function earlier(deadline: Deadline, milliseconds: number): Deadline {
  return { ...deadline, at: deadline.at - milliseconds };
}

export function remaining({ at, clock }: Deadline): number {
  return Math.max(0, at - clock.now());
}

/** Aborts a call when the deadline has come. */
export function abortAt(deadline: Deadline): AbortSignal {
  return deadline.clock.timeout(Math.max(1, Math.ceil(remaining(deadline))));
}

/** Sleeps, but never beyond the deadline. */
export async function sleep(milliseconds: number, deadline: Deadline): Promise<void> {
  await deadline.clock.pause(Math.min(milliseconds, remaining(deadline)));
}

/** What the work returns, or `late` where it has not ended when the deadline comes. Rejects as the work does. */
export async function orLate<T, Late>(
  work: Promise<T>,
  deadline: Deadline,
  late: () => Late,
): Promise<T | Late> {
  const done = new AbortController();
  const timeUp = deadline.clock.pause(remaining(deadline), done.signal);
  try {
    return await Promise.race([work, timeUp.then(late)]);
  } finally {
    done.abort();
  }
}
