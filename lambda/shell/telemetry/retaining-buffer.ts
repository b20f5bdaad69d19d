import type { ExportResult } from '@opentelemetry/core';
import { failureOf } from './export-result.ts';

/** Finished records that wait for the flush. Without a timer: a frozen function has none. */
export interface RetainingBuffer<T> {
  add(item: T): void;
  deliver(): Promise<readonly string[]>;
  kept(): number;
}

/**
 * Records leave the buffer when the backend has taken them, so what a flush could not deliver goes
 * out with the next one; a backend that took them and could not say so gets them twice. At most
 * `itemsMax` are held, the newest; that older ones were dropped is told by the next delivery.
 */
export function retainingBuffer<T>(
  send: (items: T[], done: (result: ExportResult) => void) => void,
  itemsMax: number,
): RetainingBuffer<T> {
  const held: T[] = [];
  let dropped = 0;
  return {
    add(item) {
      held.push(item);
      if (held.length <= itemsMax) return;
      held.shift();
      dropped += 1;
    },
    async deliver() {
      const reasons: string[] = [];
      if (dropped > 0) reasons.push(`${dropped} older than the newest ${itemsMax} were dropped`);
      dropped = 0;
      const batch = [...held];
      if (batch.length === 0) return reasons;
      const failure = await failureOf((done) => send(batch, done));
      if (failure !== undefined) return [...reasons, failure];
      const sent = new Set(batch);
      held.splice(0, held.length, ...held.filter((item) => !sent.has(item)));
      return reasons;
    },
    kept: () => held.length,
  };
}
