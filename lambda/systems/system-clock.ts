import type { Clock } from '../deadline.ts';

/** The machine's own time. The linter keeps every other file of the function from reading it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  pause: async (milliseconds, signal) => {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end);
    });
  },
  timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
};
