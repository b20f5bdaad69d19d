import type { Clock } from '../../lambda/deadline.ts';

interface VirtualClock extends Clock {
  /** Lets so many milliseconds pass, and ends in order what falls due in them. */
  pass(milliseconds: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly isPause: boolean;
  readonly due: () => void;
}

/**
 * A clock that stands still while something is being done. Once every part of the program waits, it jumps
 * to the moment at which the next pause ends. A timeout alone makes it jump nowhere: `pass` does.
 */
export function virtualClock(start: number = Date.UTC(2026, 10, 23, 9)): VirtualClock {
  let now = start;
  let isWatching = false;
  const timers = new Set<Timer>();

  const next = (): Timer | undefined => [...timers].toSorted((one, two) => one.at - two.at)[0];
  const end = async (timer: Timer): Promise<void> => {
    now = Math.max(now, timer.at);
    timers.delete(timer);
    timer.due();
    await untilIdle();
  };
  const watch = async (): Promise<void> => {
    if (isWatching) return;
    isWatching = true;
    await untilIdle();
    // What falls due may call off the pause that comes after it: so one at a time.
    while ([...timers].some(({ isPause }) => isPause)) {
      const timer = next();
      if (timer !== undefined) await end(timer);
    }
    isWatching = false;
  };
  const add = (milliseconds: number, isPause: boolean, due: () => void): Timer => {
    const timer = { at: now + milliseconds, isPause, due };
    timers.add(timer);
    return timer;
  };

  return {
    now: () => now,
    pause: async (milliseconds, signal) => {
      if (signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = add(milliseconds, true, resolve);
        signal?.addEventListener('abort', () => {
          timers.delete(timer);
          resolve();
        });
        void watch();
      });
    },
    timeout: (milliseconds) => {
      const controller = new AbortController();
      const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
      add(milliseconds, false, () => controller.abort(reason));
      return controller.signal;
    },
    pass: async (milliseconds) => {
      const moment = now + milliseconds;
      for (let timer = next(); timer !== undefined && timer.at <= moment; timer = next()) {
        await end(timer);
      }
      now = Math.max(now, moment);
    },
  };
}

/** Turns of the event loop in which everything that does not wait for time gets on. */
const TURNS = 20;

async function untilIdle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
