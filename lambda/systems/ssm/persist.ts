import { type Deadline, remaining, sleep } from '../../deadline.ts';

/**
 * How the client tries a call again. Not `adaptive`: its limiter is one for all calls of a client,
 * never forgets that it was throttled, and after the pause between two runs begins at one call in two
 * seconds, whatever the service would take by then. Calls here mostly come one after the other, so
 * that backing off alone slows them down to what the service takes.
 */
export const RETRIES = { retryMode: 'standard', maxAttempts: 5 } as const;

/** Pauses between tries, milliseconds; each is twice the one before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

/**
 * Calls again as long as there is time, where the service says no more than that it is asked too
 * often. The client's own tries are few, and it gives up at once when it has spent its retry quota,
 * which it shares among all calls and carries over from run to run.
 */
export async function persist<T>(call: () => Promise<T>, deadline: Deadline): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!isThrottling(error) || remaining(deadline) <= pause) throw error;
    }
    await sleep(pause, deadline);
  }
}

function isThrottling(error: unknown): boolean {
  return error instanceof Error && /^(Throttl|TooManyRequests|RequestLimit)/.test(error.name);
}
