import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../lambda/deadline.ts';

/** Somebody who sleeps until a moment. */
interface Sleeper {
  readonly at: number;
  wake(): void;
}

interface Timeout {
  readonly at: number;
  readonly controller: AbortController;
}

/**
 * Time that passes only while everybody waits. It jumps from one sleeper's moment to the next, so an
 * hour of pauses takes no longer than the work between them. Timeouts fire on the way, and none keeps
 * the time going: a call that never answers must sleep itself.
 */
export class VirtualClock implements Clock {
  #now: number;
  #sleepers: readonly Sleeper[] = [];
  #timeouts: readonly Timeout[] = [];

  /** `start` in epoch milliseconds. */
  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const sleeper: Sleeper = { at: this.#now + Math.max(0, milliseconds), wake: resolve };
      this.#sleepers = inserted(this.#sleepers, sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        resolve();
      });
    });
  }

  timeout(milliseconds: number): AbortSignal {
    const controller = new AbortController();
    this.#timeouts = inserted(this.#timeouts, { at: this.#now + milliseconds, controller });
    return controller.signal;
  }

  /** Lets time pass until the work has settled. */
  async live<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const ended = work.finally(() => {
      isOver = true;
    });
    // It is awaited below, and must not count as unhandled until then.
    ended.catch(() => undefined);
    for (;;) {
      await turn();
      if (isOver) break;
      this.#wakeNext();
    }
    // Whoever still waits for a call of an ended run waits for nothing.
    this.#timeouts = [];
    return await ended;
  }

  /** Moves on to a moment, or stays where it is if that has passed. Nobody may be asleep before it. */
  skipTo(moment: number): void {
    this.#now = Math.max(this.#now, moment);
  }

  /** Where nobody sleeps, the work is computing: time stands still. */
  #wakeNext(): void {
    const [next, ...later] = this.#sleepers;
    if (next === undefined) return;
    const [timeout, ...others] = this.#timeouts;
    if (timeout !== undefined && timeout.at <= next.at) {
      this.#timeouts = others;
      this.skipTo(timeout.at);
      timeout.controller.abort(new DOMException('The time is up.', 'TimeoutError'));
      return;
    }
    this.#sleepers = later;
    this.skipTo(next.at);
    next.wake();
  }
}

/** In order of their moments; of two with one moment the earlier one comes first. */
function inserted<T extends { readonly at: number }>(list: readonly T[], item: T): readonly T[] {
  const place = list.findLastIndex(({ at }) => at <= item.at) + 1;
  return list.toSpliced(place, 0, item);
}
