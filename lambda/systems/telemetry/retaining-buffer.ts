import { TraceFlags } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { BYTES_MAX } from './batches.ts';
import type { Counts, Trouble } from './delivery.ts';
import { failureOf } from './export-result.ts';

/** Finished records that wait for the flush. It has no timer, which a frozen function would not run. */
interface RetainingBuffer<T> {
  add(item: T): void;
  /**
   * Sends what there is, and returns what failed. Makes no further request once it is `abandoned`.
   */
  deliver(abandoned?: AbortSignal): Promise<readonly Trouble[]>;
  counts(): Counts;
}

interface BufferLimits<T> {
  /** Of the records that wait; the oldest are dropped. */
  readonly itemsMax: number;
  /** A bound from above on what a record is in a request. */
  readonly bytesOf: (item: T) => number;
}

/** What one request carries at most: below what any backend that was looked at takes. */
const ITEMS_PER_REQUEST = 1_000;

/** The resource, which each request has, has some two kilobytes. */
const BYTES_PER_REQUEST = BYTES_MAX.bodyBytes - 12_000;

/** One bad record among a thousand is found in 21 requests; what takes more waits for the next flush. */
const REQUESTS_MAX = 24;

/**
 * Records leave the buffer when the backend has accepted them, so what a flush could not deliver goes
 * out with the next one. A backend that accepted them, and whose answer was lost, gets them twice. They
 * go out in as many requests as their number and size need, one after the other. A batch that it refuses is sent again in halves until the record that it refuses is alone. That
 * record is dropped, or it would hold up all others for ever. The buffer holds the newest `itemsMax`
 * records. The next delivery reports how many it dropped.
 */
export function retainingBuffer<T>(
  send: (items: T[], done: (result: ExportResult) => void) => void,
  { itemsMax, bytesOf }: BufferLimits<T>,
): RetainingBuffer<T> {
  const held: T[] = [];
  let dropped = 0;
  let counts = { accepted: 0, lost: 0 };
  let deliveries = 0;
  let last: Promise<unknown> = Promise.resolve();
  const forget = (batch: readonly T[]): void => {
    const gone = new Set(batch);
    held.splice(0, held.length, ...held.filter((item) => !gone.has(item)));
  };
  const sendHeld = async (abandoned?: AbortSignal): Promise<readonly Trouble[]> => {
    const troubles: Trouble[] = [];
    const current = { accepted: 0, lost: dropped };
    counts = current;
    if (dropped > 0) {
      troubles.push({ reason: `${dropped} older than the newest ${itemsMax} were dropped` });
    }
    dropped = 0;
    const open = [...requestsOf(held, bytesOf)];
    for (let requests = 0; requests < REQUESTS_MAX; requests++) {
      if (abandoned?.aborted === true) break;
      const batch = open.shift();
      if (batch === undefined) return troubles;
      const failure = await failureOf((done) => send(batch, done));
      if (failure === undefined) {
        forget(batch);
        current.accepted += batch.length;
      } else if (!failure.refused) {
        return [...troubles, { reason: failure.reason, status: failure.status }];
      } else if (batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        open.unshift(batch.slice(0, half), batch.slice(half));
      } else {
        forget(batch);
        current.lost += 1;
        const reason = `${failure.reason}: the backend does not want it, and it was dropped`;
        troubles.push({ reason, status: failure.status });
      }
    }
    const left = open.flat().length;
    return left === 0 ? troubles : [...troubles, { reason: `${left} wait for the next flush` }];
  };
  return {
    add(item) {
      held.push(item);
      if (held.length <= itemsMax) return;
      held.shift();
      dropped += 1;
    },
    deliver(abandoned) {
      // What an abandoned request carries may still arrive: it is not sent beside it.
      const delivery =
        deliveries === 0 ? sendHeld(abandoned) : last.then(async () => await sendHeld(abandoned));
      deliveries += 1;
      const ended = delivery.finally(() => {
        deliveries -= 1;
      });
      last = ended.catch(() => undefined);
      return ended;
    },
    counts: () => ({ ...counts, pending: held.length }),
  };
}

/** The records in requests that are within the limits; one that is too large by itself is alone. */
function requestsOf<T>(items: readonly T[], bytesOf: (item: T) => number): readonly T[][] {
  const requests: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const more = bytesOf(item);
    const last = requests.at(-1);
    if (
      last === undefined ||
      last.length >= ITEMS_PER_REQUEST ||
      bytes + more > BYTES_PER_REQUEST
    ) {
      requests.push([item]);
      bytes = more;
    } else {
      last.push(item);
      bytes += more;
    }
  }
  return requests;
}

/**
 * Puts log records into a buffer that the function's own flush empties. The SDK's processors answer a
 * flush while an export is still under way, and do not report its failure.
 */
export function bufferingLogProcessor(
  buffer: RetainingBuffer<ReadableLogRecord>,
): LogRecordProcessor {
  return {
    onEmit: (record) => buffer.add(record),
    forceFlush: async () => void (await buffer.deliver()),
    shutdown: async () => void (await buffer.deliver()),
  };
}

/** The same for ended spans that the sampler chose. */
export function bufferingSpanProcessor(buffer: RetainingBuffer<ReadableSpan>): SpanProcessor {
  return {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) buffer.add(span);
    },
    forceFlush: async () => void (await buffer.deliver()),
    shutdown: async () => void (await buffer.deliver()),
  };
}
