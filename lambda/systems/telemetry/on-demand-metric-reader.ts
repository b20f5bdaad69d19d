import {
  AggregationTemporality,
  InstrumentType,
  MetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { batchedDelivery } from './batched-delivery.ts';
import type { BatchLimits } from './batches.ts';
import type { Counts, Trouble } from './delivery.ts';
import { reasonOf } from './export-result.ts';

/**
 * Attribute sets of one metric: 10,000 hosts with three tables each. The SDK's default of 2,000 is
 * full at 667 hosts, and all others go into one series.
 */
const ATTRIBUTE_SETS_MAX = 30_000;

/**
 * Collects and exports only when `deliver` is called. The SDK's periodic reader sends the previous
 * run's gauges again when the function is thawed. It is a class because the SDK's base is one.
 */
export class OnDemandMetricReader extends MetricReader {
  readonly #exporter: PushMetricExporter;
  readonly #delivery: ReturnType<typeof batchedDelivery>;

  constructor(
    exporter: PushMetricExporter,
    { limits, isCompressed }: { readonly limits: BatchLimits; readonly isCompressed: boolean },
  ) {
    super({
      aggregationTemporalitySelector: (type) => temporalityOf(type, exporter),
      cardinalitySelector: () => ATTRIBUTE_SETS_MAX,
    });
    this.#exporter = exporter;
    this.#delivery = batchedDelivery(
      (metrics, done) => exporter.export(metrics, done),
      limits,
      isCompressed,
    );
  }

  /** Returns what failed. Values that could not be sent are dropped: they are old then. */
  async deliver(abandoned?: AbortSignal): Promise<readonly Trouble[]> {
    const { resourceMetrics, errors } = await this.collect();
    return [
      ...errors.map((error) => ({ reason: reasonOf(error) })),
      ...(await this.#delivery.deliver(resourceMetrics, abandoned)),
    ];
  }

  counts(): Counts {
    return this.#delivery.counts();
  }

  protected override async onForceFlush(): Promise<void> {
    await this.deliver();
  }

  protected override async onShutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }
}

/** A gauge has no temporality on the wire. In the SDK, delta makes a gauge forget nodes that left. */
function temporalityOf(type: InstrumentType, exporter: PushMetricExporter): AggregationTemporality {
  if (type === InstrumentType.GAUGE || type === InstrumentType.OBSERVABLE_GAUGE) {
    return AggregationTemporality.DELTA;
  }
  return exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE;
}
