import type { ExportResult } from '@opentelemetry/core';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type BatchLimits, batchesOf, halvesOf, pointsIn } from './batches.ts';
import type { Counts, Trouble } from './delivery.ts';
import { type ExportFailure, failureOf } from './export-result.ts';

/** Sends the metrics of a run in as many requests as the backend needs. */
interface BatchedDelivery {
  deliver(metrics: ResourceMetrics, abandoned?: AbortSignal): Promise<readonly Trouble[]>;
  counts(): Counts;
}

/** Requests under way at once: 5,000 nodes are 31, and one after the other they take too long. */
const CONCURRENT_MAX = 4;

/** Refused requests of one delivery. One bad point among a thousand is found in ten of them. */
const REFUSALS_MAX = 24;

/** What a backend refuses although it is this little is refused for one large point in it. */
const LEARNED_POINTS_MIN = 100;

/**
 * A batch that the backend refuses is sent again in halves, and where it refuses for size, later
 * batches are as small from the beginning, in later runs too. Any other failure, such as a time-out,
 * is the backend's state, and ends the delivery: points that come late are worth nothing.
 */
export function batchedDelivery(
  send: (metrics: ResourceMetrics, done: (result: ExportResult) => void) => void,
  limits: BatchLimits,
  isCompressed: boolean,
): BatchedDelivery {
  let learnedPoints = limits.points;
  let counts = { accepted: 0, lost: 0 };
  const split = (metrics: ResourceMetrics): readonly ResourceMetrics[] =>
    batchesOf(metrics, { ...limits, points: learnedPoints }, isCompressed);
  const learn = (points: number): void => {
    learnedPoints = Math.min(learnedPoints, Math.max(LEARNED_POINTS_MIN, Math.ceil(points / 2)));
  };
  return {
    async deliver(metrics, abandoned) {
      const current = { accepted: 0, lost: pointsIn(metrics) };
      counts = current;
      const open = [...split(metrics)];
      const troubles = new Map<string, Trouble>();
      let refusals = 0;
      let isOver = false;
      const refuse = (batch: ResourceMetrics, { isTooLarge, ...failure }: ExportFailure): void => {
        refusals += 1;
        const points = pointsIn(batch);
        if (isTooLarge) learn(points);
        if (points > 1 && refusals < REFUSALS_MAX) open.unshift(...halvesOf(batch));
        else troubles.set(failure.reason, failure);
      };
      const work = async (): Promise<void> => {
        for (let next = open.shift(); next !== undefined; next = open.shift()) {
          if (isOver || abandoned?.aborted === true) return;
          const [batch = next, ...rest] = pointsIn(next) > learnedPoints ? split(next) : [next];
          open.unshift(...rest);
          const failure = await failureOf((done) => send(batch, done));
          if (failure === undefined) {
            current.accepted += pointsIn(batch);
            current.lost -= pointsIn(batch);
          } else if (failure.refused) {
            refuse(batch, failure);
          } else {
            troubles.set(failure.reason, failure);
            isOver = true;
          }
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT_MAX }, work));
      return [...troubles.values()].map(({ reason, status }) => ({ reason, status }));
    },
    counts: () => ({ ...counts, pending: 0 }),
  };
}
