/**
 * Metrics of the function itself, which the stack's alarms read. They go to CloudWatch and not to the
 * OTLP backend, so that the alarms work without one: one line in the embedded metric format for each
 * completed run.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const SELF_METRICS = {
  namespace: 'vtepwatch',
  /** Its value is the cluster's name, which is ASCII, as CloudWatch wants it. */
  dimension: 'Cluster',
  /** Count; 1 when state and outbox are written and all pages that could go out are out. */
  runCompleted: 'RunCompleted',
  /** Age of the oldest pending page; 0 where none is pending. */
  outboxOldestSeconds: 'OutboxOldestSeconds',
  /** Share of the nodes that this run could read, 0 to 1; 0 where no node is known. */
  hostsReadRatio: 'HostsReadRatio',
  /** Confirmed subscribers of the page topic; sent where it is the only channel and the number is known. */
  confirmedSubscribers: 'ConfirmedSubscribers',
  /** Points, events and spans of a run that its OTLP backend did not accept; sent where one is set. */
  telemetryUndelivered: 'TelemetryUndelivered',
} as const;
