import { type Deadline, remaining, sleep } from '../../deadline.ts';

/**
 * How the client itself retries a call. The mode `adaptive` is not used: it has one rate limiter for all
 * calls of a client, and after the pause between two runs that limiter still allows only one call in two
 * seconds. Most calls here follow one another, so backoff alone slows them down to the rate that the
 * service accepts.
 */
export const RETRIES = { retryMode: 'standard', maxAttempts: 5 } as const;

/** Pauses between tries, milliseconds; each is twice the one before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

/**
 * Retries throttled calls with exponential backoff until the deadline; any other error is thrown at
 * once. The client's own retries are not enough: they are few, and they stop when the client has spent
 * its retry quota, which all its calls share and which lasts from run to run.
 */
export async function retryThrottled<T>(call: () => Promise<T>, deadline: Deadline): Promise<T> {
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
