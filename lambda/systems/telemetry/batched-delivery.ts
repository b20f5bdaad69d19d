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

/** A refused batch whose halves are sent. Where both are accepted, it was refused for its size. */
interface Halved {
  readonly points: number;
  readonly isTooLarge: boolean;
  accepted: number;
}

interface Batch {
  readonly metrics: ResourceMetrics;
  readonly halfOf?: Halved;
}

/**
 * A batch that the backend refuses is sent again in halves. Where it refuses for size, the rest of the
 * delivery is sent as small from the beginning, and that of later runs too once both halves were
 * accepted: a refusal for one point's content may speak of sizes as well. Any other failure, such as a
 * time-out, is the backend's state, and ends the delivery: points that come late are worth nothing.
 */
export function batchedDelivery(
  send: (metrics: ResourceMetrics, done: (result: ExportResult) => void) => void,
  limits: BatchLimits,
  isCompressed: boolean,
): BatchedDelivery {
  let learnedPoints = limits.points;
  let counts = { accepted: 0, lost: 0 };
  return {
    async deliver(metrics, abandoned) {
      const current = { accepted: 0, lost: pointsIn(metrics) };
      counts = current;
      let pointsMax = learnedPoints;
      const split = (whole: ResourceMetrics): readonly Batch[] =>
        batchesOf(whole, { ...limits, points: pointsMax }, isCompressed).map((one) => ({
          metrics: one,
        }));
      const open = [...split(metrics)];
      const troubles = new Map<string, Trouble>();
      let refusals = 0;
      let isOver = false;
      const accept = ({ metrics: accepted, halfOf }: Batch): void => {
        current.accepted += pointsIn(accepted);
        current.lost -= pointsIn(accepted);
        if (halfOf === undefined) return;
        halfOf.accepted += 1;
        if (halfOf.accepted < 2 || !halfOf.isTooLarge) return;
        learnedPoints = Math.min(learnedPoints, halfOfPoints(halfOf.points));
      };
      const refuse = (batch: Batch, { isTooLarge, ...failure }: ExportFailure): void => {
        refusals += 1;
        const points = pointsIn(batch.metrics);
        if (isTooLarge) pointsMax = Math.min(pointsMax, halfOfPoints(points));
        if (points > 1 && refusals < REFUSALS_MAX) {
          const halfOf: Halved = { points, isTooLarge, accepted: 0 };
          open.unshift(...halvesOf(batch.metrics).map((half) => ({ metrics: half, halfOf })));
        } else {
          troubles.set(failure.reason, failure);
        }
      };
      const work = async (): Promise<void> => {
        for (let next = open.shift(); next !== undefined; next = open.shift()) {
          if (isOver || abandoned?.aborted === true) return;
          const pieces = pointsIn(next.metrics) > pointsMax ? split(next.metrics) : [next];
          const [batch = next, ...rest] = pieces;
          open.unshift(...rest);
          const failure = await failureOf((done) => send(batch.metrics, done));
          if (failure === undefined) {
            accept(batch);
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

function halfOfPoints(points: number): number {
  return Math.max(LEARNED_POINTS_MIN, Math.ceil(points / 2));
}
