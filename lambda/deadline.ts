/** A moment by which something must be done, epoch milliseconds. Every wait of a run has one. */
export interface Deadline {
  readonly at: number;
}

export function deadlineIn(milliseconds: number): Deadline {
  return { at: Date.now() + milliseconds };
}

/** The earlier of two deadlines. */
export function nearer(one: Deadline, two: Deadline): Deadline {
  return one.at <= two.at ? one : two;
}

export function earlier({ at }: Deadline, milliseconds: number): Deadline {
  return { at: at - milliseconds };
}

export function remaining({ at }: Deadline): number {
  return Math.max(0, at - Date.now());
}

/** Aborts a call when the deadline has come. */
export function abortAt(deadline: Deadline): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.ceil(remaining(deadline))));
}

/** Sleeps, but never beyond the deadline. */
export async function sleep(milliseconds: number, deadline: Deadline): Promise<void> {
  const bounded = Math.min(milliseconds, remaining(deadline));
  await new Promise((resolve) => {
    setTimeout(resolve, bounded);
  });
}
