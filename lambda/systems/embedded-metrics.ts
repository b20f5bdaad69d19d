import { log } from './log.ts';

interface EmbeddedMetrics {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly metrics: readonly EmbeddedMetric[];
}

interface EmbeddedMetric {
  readonly name: string;
  /** Of https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
  readonly unit: 'Count' | 'Seconds' | 'None';
  readonly value: number;
}

/**
 * Logs a line from which CloudWatch makes metrics. The embedded metric format needs no call and no
 * permission.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function logMetrics(event: string, embedded: EmbeddedMetrics): void {
  const { namespace, dimensions, at, metrics } = embedded;
  log(event, {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}
