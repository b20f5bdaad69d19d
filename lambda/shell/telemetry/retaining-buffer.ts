import type { ExportResult } from '@opentelemetry/core';
import { failureOf } from './export-result.ts';

/** Finished records that wait for the flush. Without a timer: a frozen function has none. */
export interface RetainingBuffer<T> {
  add(item: T): void;
  /** Makes no further request once it is `abandoned`. */
  deliver(abandoned?: AbortSignal): Promise<readonly string[]>;
  kept(): number;
}

/** One bad record among a thousand is found in 21 requests; what takes more waits for the next flush. */
const REQUESTS_MAX = 24;

/**
 * Records leave the buffer when the backend has taken them, so what a flush could not deliver goes
 * out with the next one; a backend that took them and could not say so gets them twice. What it
 * refuses is sent again in halves, until the record that it does not want is alone, and is dropped:
 * else that one would hold up all others for ever. At most `itemsMax` are held, the newest. What was
 * dropped is told by the delivery that follows.
 */
export function retainingBuffer<T>(
  send: (items: T[], done: (result: ExportResult) => void) => void,
  itemsMax: number,
): RetainingBuffer<T> {
  const held: T[] = [];
  let dropped = 0;
  const forget = (batch: readonly T[]): void => {
    const gone = new Set(batch);
    held.splice(0, held.length, ...held.filter((item) => !gone.has(item)));
  };
  return {
    add(item) {
      held.push(item);
      if (held.length <= itemsMax) return;
      held.shift();
      dropped += 1;
    },
    async deliver(abandoned) {
      const reasons: string[] = [];
      if (dropped > 0) reasons.push(`${dropped} older than the newest ${itemsMax} were dropped`);
      dropped = 0;
      const open = held.length === 0 ? [] : [[...held]];
      for (let requests = 0; requests < REQUESTS_MAX; requests++) {
        if (abandoned?.aborted === true) break;
        const batch = open.shift();
        if (batch === undefined) return reasons;
        const failure = await failureOf((done) => send(batch, done));
        if (failure === undefined) {
          forget(batch);
        } else if (!failure.refused) {
          return [...reasons, failure.reason];
        } else if (batch.length > 1) {
          const half = Math.ceil(batch.length / 2);
          open.unshift(batch.slice(0, half), batch.slice(half));
        } else {
          forget(batch);
          reasons.push(`${failure.reason}: the backend does not want it, and it was dropped`);
        }
      }
      const left = open.flat().length;
      return left === 0 ? reasons : [...reasons, `${left} wait for the next flush`];
    },
    kept: () => held.length,
  };
}
