import { reasonOf } from './export-result.ts';
import type { Signal } from './signals.ts';

/** Where one signal leaves the function. */
export interface Outlet {
  readonly signal: Signal;
  /** Sends what there is, and gives the reasons of what went wrong. Begins nothing once abandoned. */
  deliver(abandoned: AbortSignal): Promise<readonly string[]>;
  /** How many records wait to be sent again. */
  kept(): number;
}

/** Why a signal, or a part of it, did not reach the backend. */
export interface FlushFailure {
  readonly signal: Signal;
  /** Printable, of bounded length. */
  readonly reason: string;
  /** Records of this signal that the next flush sends again. */
  readonly kept: number;
}

/**
 * Empties all outlets side by side. Bounded by `milliseconds`: an outlet that has not come to its end
 * by then has failed, whatever becomes of its request.
 */
export async function flushOutlets(
  outlets: readonly Outlet[],
  milliseconds: number,
): Promise<readonly FlushFailure[]> {
  const late = [`not delivered within ${Math.round(milliseconds)} ms`];
  const abandon = new AbortController();
  const failures = await Promise.all(
    outlets.map(async (outlet) => {
      const delivered = outlet.deliver(abandon.signal).catch((error: unknown) => [reasonOf(error)]);
      const reasons = await within(delivered, milliseconds, late);
      return reasons.map((reason) => ({ signal: outlet.signal, reason, kept: outlet.kept() }));
    }),
  );
  abandon.abort();
  return failures.flat();
}

function within<T>(work: Promise<T>, milliseconds: number, late: T): Promise<T> {
  const { promise: deadline, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(resolve, milliseconds, late);
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
