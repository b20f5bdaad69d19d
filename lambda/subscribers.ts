import type { Deadline } from './deadline.ts';
import type { PageChannel } from './systems/page-channel.ts';

/** How many people or systems would read a page now; undefined where that is not known. */
export type Subscribers = (deadline: Deadline) => Promise<number | undefined>;

/** The answer of a service that runs ask at most once an hour counts for so long. */
const KNOWN_MS = 60 * 60 * 1000;

/**
 * Counts who has subscribed, where nobody would be paged without a subscriber: one channel alone, which
 * takes pages also for nobody.
 */
export function subscribersOf(channels: readonly PageChannel[]): Subscribers {
  const [only, ...others] = channels;
  let known: { readonly at: number; readonly count: number | undefined } | undefined;
  return async (deadline) => {
    if (only?.subscribers === undefined || others.length > 0) return undefined;
    const now = deadline.clock.now();
    if (known === undefined || now - known.at >= KNOWN_MS) {
      known = { at: now, count: await only.subscribers(deadline) };
    }
    return known.count;
  };
}
