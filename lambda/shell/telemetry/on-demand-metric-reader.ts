import {
  AggregationTemporality,
  InstrumentType,
  MetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { failureOf, reasonOf } from './export-result.ts';

/**
 * Attribute sets of one metric: 10,000 hosts with three tables each. The SDK's own 2,000 would be
 * full at 667 hosts, and put all others into one series.
 */
const ATTRIBUTE_SETS_MAX = 30_000;

/**
 * Collects and exports when it is told to, and at no other time: the SDK's periodic reader sends the
 * previous run's gauges again when the function is thawed. A class, since the SDK's base is one.
 */
export class OnDemandMetricReader extends MetricReader {
  readonly #exporter: PushMetricExporter;

  constructor(exporter: PushMetricExporter) {
    super({
      aggregationTemporalitySelector: (type) => temporalityOf(type, exporter),
      cardinalitySelector: () => ATTRIBUTE_SETS_MAX,
    });
    this.#exporter = exporter;
  }

  /** Gives the reasons of what went wrong. Values that could not be sent are gone: they were of now. */
  async deliver(): Promise<readonly string[]> {
    const { resourceMetrics, errors } = await this.collect();
    const reasons = errors.map(reasonOf);
    if (resourceMetrics.scopeMetrics.length === 0) return reasons;
    const failure = await failureOf((done) => this.#exporter.export(resourceMetrics, done));
    return failure === undefined ? reasons : [...reasons, failure.reason];
  }

  protected override async onForceFlush(): Promise<void> {
    await this.deliver();
  }

  protected override async onShutdown(): Promise<void> {
    await this.#exporter.shutdown();
  }
}

/**
 * A gauge has no temporality on the wire; in the SDK, delta is what makes a gauge forget the nodes
 * that have left.
 */
function temporalityOf(type: InstrumentType, exporter: PushMetricExporter): AggregationTemporality {
  if (type === InstrumentType.GAUGE || type === InstrumentType.OBSERVABLE_GAUGE) {
    return AggregationTemporality.DELTA;
  }
  return exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE;
}
