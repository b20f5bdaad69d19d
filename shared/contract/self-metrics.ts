/**
 * What the watch says of itself to CloudWatch, and what the stack's alarms read: one line in the
 * embedded metric format for each completed run.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const SELF_METRICS = {
  namespace: 'vtepwatch',
  /** Its value is the cluster's name, which is ASCII, as CloudWatch wants it. */
  dimension: 'Cluster',
  /** Count; 1 when state and outbox are written and all pages that could go out are out. */
  runCompleted: 'RunCompleted',
  /** Age of the oldest page that a route still owes; 0 where none is owed. */
  outboxOldestSeconds: 'OutboxOldestSeconds',
  /** Share of the nodes that this run could read, 0 to 1; 0 where no node is known. */
  hostsReadRatio: 'HostsReadRatio',
} as const;
