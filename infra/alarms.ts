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

/** What is watched of the watch. */
interface Watched {
  readonly checker: LambdaFunction;
  readonly ticks: ScheduleGroup;
  readonly topics: Topics;
}

/**
 * The alarms of the watch itself. They read CloudWatch alone, so that they speak when no telemetry
 * leaves the function, and when the function does not run at all.
 */
export function createAlarms(scope: Construct, cluster: Cluster, watched: Watched): void {
  const action = new SnsAction(watched.topics.alarms);
  for (const { name, says, ...condition } of [
    didNotRun(cluster),
    ...runsInTrouble(cluster, watched),
    ...pagesInTrouble(cluster, watched),
    blind(cluster),
  ]) {
    const alarm = new Alarm(scope, `Alarm-${name}`, {
      ...condition,
      alarmName: `vtepwatch-${cluster.name}-${name}`,
      alarmDescription: `${cluster.name}: ${says} ${cluster.runbook}#alarm-${name}`,
    });
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}

interface Condition extends Omit<AlarmProps, 'alarmName' | 'alarmDescription'> {
  /** The runbook has a section for it. */
  readonly name: string;
  /** One sentence. */
  readonly says: string;
}

/**
 * The dead man's switch: what is missing is what it looks for. CloudWatch would look farther back
 * for values in place of missing ones, and be late, were they not filled in.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function didNotRun(cluster: Cluster): Condition {
  const periods = Math.max(3, Math.ceil(5 / cluster.scheduleMinutes));
  return {
    name: 'did-not-run',
    says: `no run came to its end within ${periods * cluster.scheduleMinutes} minutes.`,
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

/** Once may be bad luck. These metrics have no values where there is no trouble. */
const TWICE_IN_THREE = {
  threshold: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
  treatMissingData: TreatMissingData.NOT_BREACHING,
} as const;

function runsInTrouble(cluster: Cluster, { checker, ticks }: Watched): readonly Condition[] {
  const period = periodOf(cluster);
  return [
    {
      name: 'runs-fail',
      says: 'runs end with an error, or do not end in time.',
      metric: checker.metricErrors({ period }),
      ...TWICE_IN_THREE,
    },
    {
      name: 'throttled',
      says: "runs find no room among the account's concurrent executions.",
      metric: checker.metricThrottles({ period }),
      ...TWICE_IN_THREE,
    },
    {
      name: 'ticks-dropped',
      says: 'ticks of the schedule never became a run.',
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

/** A page is owed for longer than this where no route takes it, run after run. */
const OWED_SECONDS = 900;

function pagesInTrouble(cluster: Cluster, { topics }: Watched): readonly Condition[] {
  const seconds = Math.max(OWED_SECONDS, 3 * 60 * cluster.scheduleMinutes);
  return [
    {
      name: 'pages-owed',
      says: `a page has not been delivered for ${seconds / 60} minutes.`,
      metric: ownMetric(cluster, SELF_METRICS.outboxOldestSeconds, Stats.MAXIMUM),
      threshold: seconds,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      // No run tells nothing of the page that the last one owed.
      treatMissingData: TreatMissingData.IGNORE,
    },
    {
      name: 'subscriber-unreachable',
      says: 'SNS took a page, and a subscriber of the topic did not.',
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
    says: `runs read less than ${Math.round(quorum * 100)} % of the hosts, too few to judge.`,
    metric: ownMetric(cluster, SELF_METRICS.hostsReadRatio, Stats.MINIMUM),
    threshold: quorum,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: 3,
    treatMissingData: TreatMissingData.IGNORE,
  };
}

/** What the function says of itself, in the embedded metric format. */
function ownMetric(cluster: Cluster, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: SELF_METRICS.namespace,
    metricName,
    dimensionsMap: { [SELF_METRICS.dimension]: cluster.name },
    statistic,
    period: periodOf(cluster),
  });
}

/** One run for each value. */
function periodOf({ scheduleMinutes }: Cluster): Duration {
  return Duration.minutes(scheduleMinutes);
}
