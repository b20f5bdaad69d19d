import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { SELF_METRICS } from '../shared/contract/self-metrics.ts';
import type { Cluster } from './cluster.ts';
import type { Topics } from './topics.ts';

/** What the alarms observe. */
interface Observed {
  readonly checker: LambdaFunction;
  readonly ticks: ScheduleGroup;
  readonly topics: Topics;
}

/**
 * The alarms about vtepwatch itself. They read CloudWatch only, so they work when no telemetry leaves
 * the function, and when the function does not run at all.
 */
export function createAlarms(scope: Construct, cluster: Cluster, observed: Observed): void {
  const { alarms, furtherAlarms } = observed.topics;
  const actions = [alarms, ...furtherAlarms].map((topic) => new SnsAction(topic));
  for (const { name, meaning, ...condition } of [
    didNotRun(cluster),
    ...failingRuns(cluster, observed),
    ...undeliveredPages(cluster, observed),
    blind(cluster),
    ...lostTelemetry(cluster),
  ]) {
    const alarm = new Alarm(scope, `Alarm-${name}`, {
      ...condition,
      alarmName: `vtepwatch-${cluster.name}-${name}`,
      alarmDescription: `${cluster.name}: ${meaning} ${cluster.runbook}#alarm-${name}`,
    });
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...actions);
  }
}

interface Condition extends Omit<AlarmProps, 'alarmName' | 'alarmDescription'> {
  /** RUNBOOK.md has a section for it. */
  readonly name: string;
  /** One sentence: what has happened when it is in ALARM. */
  readonly meaning: string;
}

/**
 * The dead man's switch: it fires when runs are missing. FILL puts 0 for a missing run; without it
 * CloudWatch would look further back for values, and the alarm would be late.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function didNotRun(cluster: Cluster): Condition {
  const periods = Math.max(3, Math.ceil(5 / cluster.scheduleMinutes));
  return {
    name: 'did-not-run',
    meaning: `no run has completed for ${periods * cluster.scheduleMinutes} minutes.`,
    metric: new MathExpression({
      expression: 'FILL(completed, 0)',
      usingMetrics: { completed: ownMetric(cluster, SELF_METRICS.runCompleted, Stats.SUM) },
      period: periodOf(cluster),
      label: 'completed runs',
    }),
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: periods,
    treatMissingData: TreatMissingData.BREACHING,
  };
}

/** A single failure sends no alarm. Without failures these metrics have no values. */
const TWICE_IN_THREE = {
  threshold: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
  treatMissingData: TreatMissingData.NOT_BREACHING,
} as const;

function failingRuns(cluster: Cluster, { checker, ticks }: Observed): readonly Condition[] {
  const period = periodOf(cluster);
  return [
    {
      name: 'runs-fail',
      meaning: 'runs fail or time out.',
      metric: checker.metricErrors({ period }),
      ...TWICE_IN_THREE,
    },
    {
      name: 'throttled',
      meaning: "Lambda rejects runs because the account's concurrency limit is reached.",
      metric: checker.metricThrottles({ period }),
      ...TWICE_IN_THREE,
    },
    {
      name: 'ticks-dropped',
      meaning: 'the schedule could not start runs.',
      metric: new MathExpression({
        expression: 'FILL(before, 0) + FILL(behind, 0)',
        usingMetrics: {
          before: ticks.metricDropped({ period }),
          behind: checker.metric('AsyncEventsDropped', { statistic: Stats.SUM, period }),
        },
        period,
        label: 'dropped ticks',
      }),
      ...TWICE_IN_THREE,
    },
  ];
}

/** A page that no channel has accepted for so long has failed in several runs. */
const PENDING_SECONDS = 900;

function undeliveredPages(cluster: Cluster, { topics }: Observed): readonly Condition[] {
  const seconds = Math.max(PENDING_SECONDS, 3 * 60 * cluster.scheduleMinutes);
  return [
    {
      name: 'pages-pending',
      meaning: `a page has been pending for ${seconds / 60} minutes: a channel does not accept it.`,
      metric: ownMetric(cluster, SELF_METRICS.outboxOldestSeconds, Stats.MAXIMUM),
      threshold: seconds,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      // Without a run, nothing is known about the pending pages: the alarm keeps its state.
      treatMissingData: TreatMissingData.IGNORE,
    },
    {
      name: 'no-subscriber',
      meaning:
        'nobody is paged: the page topic is the only channel, and nobody has confirmed a subscription.',
      metric: ownMetric(cluster, SELF_METRICS.confirmedSubscribers, Stats.MAXIMUM),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // Not sent beside another channel, nor where the number is not known.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    },
    {
      name: 'subscriber-unreachable',
      meaning: 'SNS accepted a page, but could not deliver it to a subscriber of the topic.',
      metric: topics.pages.metricNumberOfNotificationsFailed({ period: Duration.minutes(5) }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    },
  ];
}

function blind(cluster: Cluster): Condition {
  const { quorum } = cluster.limits;
  return {
    name: 'blind',
    meaning: `runs read fewer than ${Math.round(quorum * 100)} % of the hosts, too few to check the cluster.`,
    metric: ownMetric(cluster, SELF_METRICS.hostsReadRatio, Stats.MINIMUM),
    threshold: quorum,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: 3,
    treatMissingData: TreatMissingData.IGNORE,
  };
}

/** Alerts of a backend are blind to what does not reach it. */
function lostTelemetry(cluster: Cluster): readonly Condition[] {
  if (cluster.telemetry === undefined) return [];
  return [
    {
      name: 'telemetry-undelivered',
      meaning: 'the OTLP backend does not accept all metrics, events or traces of the runs.',
      metric: ownMetric(cluster, SELF_METRICS.telemetryUndelivered, Stats.MAXIMUM),
      ...TWICE_IN_THREE,
    },
  ];
}

/** A metric that the function writes about itself, in the embedded metric format. */
function ownMetric(cluster: Cluster, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: SELF_METRICS.namespace,
    metricName,
    dimensionsMap: { [SELF_METRICS.dimension]: cluster.name },
    statistic,
    period: periodOf(cluster),
  });
}

/** One value per run. */
function periodOf({ scheduleMinutes }: Cluster): Duration {
  return Duration.minutes(scheduleMinutes);
}
