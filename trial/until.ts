import { systemClock } from '../lambda/systems/system-clock.ts';
import type { Step } from './diary.ts';

/** What a look found: what was awaited, or how far it is. */
type Look<T> =
  | { readonly kind: 'there'; readonly value: T }
  | { readonly kind: 'awaited'; readonly what: string };

export function there<T>(value: T): Look<T> {
  return { kind: 'there', value };
}

export function awaited(what: string): Look<never> {
  return { kind: 'awaited', what };
}

/** Milliseconds between two looks: each pause is half as long again as the one before. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

/** Looks again and again until it is there, or the step has no time left. */
export async function untilThere<T>(
  { signal, awaits }: Step,
  look: () => Promise<Look<T>>,
): Promise<T> {
  for (let pause = SHORTEST_PAUSE_MS; ; pause = Math.min(1.5 * pause, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    const found = await unless(signal, look());
    if (found.kind === 'there') return found.value;
    awaits(found.what);
    await systemClock.pause(pause, signal);
  }
}

/** The work's result, or a rejection as soon as the signal aborts: some work cannot be stopped. */
export async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    // Nobody waits for the other one any more.
    work.catch(() => undefined);
  }
}
