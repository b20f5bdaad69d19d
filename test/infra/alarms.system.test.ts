import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SELF_METRICS } from '../../shared/contract/self-metrics.ts';
import { type Properties, resourcesOf, templateOf } from './support/deployed.ts';

const template = templateOf();
const NAMES = [
  'did-not-run',
  'runs-fail',
  'throttled',
  'ticks-dropped',
  'pages-pending',
  'no-subscriber',
  'subscriber-unreachable',
  'blind',
] as const;

/** The alarms of the cluster `demo`, by the last part of their names. */
function alarmsOf(watched: typeof template): ReadonlyMap<string, Properties> {
  return new Map(
    Object.values(resourcesOf(watched, 'AWS::CloudWatch::Alarm')).map((alarm) => [
      String(alarm['AlarmName']).replace('vtepwatch-demo-', ''),
      alarm,
    ]),
  );
}

const alarms = alarmsOf(template);

const RUNBOOK = readFileSync(path.join(import.meta.dirname, '../../RUNBOOK.md'), 'utf8');
const SECTIONS = Array.from(RUNBOOK.matchAll(/^### (.*)$/gm), ([, title]) => title);

describe('the alarms about vtepwatch itself', () => {
  test('are these, of which people read the names', () => {
    expect([...alarms.keys()]).toEqual(NAMES);
  });

  test.for(NAMES)('%s goes to the topic of its own, when it comes and when it goes', (name) => {
    expect(alarms.get(name)).toMatchObject({
      AlarmActions: ['{WatchAlarms}'],
      OKActions: ['{WatchAlarms}'],
    });
  });

  test.for(NAMES)('%s says what it means, and names a section of the runbook', (name) => {
    const described = String(alarms.get(name)?.['AlarmDescription']);
    expect(described).toMatch(/^demo: \S.*\. RUNBOOK\.md#alarm-[a-z-]+$/);
    expect(described).toContain(`#alarm-${name}`);
    expect(SECTIONS).toContain(`alarm: ${name.replaceAll('-', ' ')}`);
  });

  test('telemetry has one where a backend is set: two of three runs that lost some of it', () => {
    const connected = templateOf({ telemetry: { endpoint: 'https://otlp.example.com' } });
    const alarm = alarmsOf(connected).get('telemetry-undelivered');
    expect(alarm).toMatchObject({
      ...ownMetric('TelemetryUndelivered'),
      Threshold: 1,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      TreatMissingData: 'notBreaching',
    });
    expect(SECTIONS).toContain('alarm: telemetry undelivered');
    expect(alarm?.['AlarmDescription']).toMatch(/ RUNBOOK\.md#alarm-telemetry-undelivered$/);
  });

  test('name the runbook where the settings say that it is', () => {
    const elsewhere = templateOf({ runbook: 'https://git.example.com/RUNBOOK.md' });
    expect(alarmsOf(elsewhere).get('blind')?.['AlarmDescription']).toMatch(
      / https:\/\/git\.example\.com\/RUNBOOK\.md#alarm-blind$/,
    );
  });

  test('read nothing that goes through OTLP', () => {
    const namespaces = JSON.stringify([...alarms.values()]).matchAll(/"Namespace":"([^"]*)"/g);
    expect(new Set(Array.from(namespaces, ([, namespace]) => namespace))).toEqual(
      new Set([SELF_METRICS.namespace, 'AWS/Lambda', 'AWS/Scheduler', 'AWS/SNS']),
    );
  });
});

describe('did not run', () => {
  test('takes missing runs for a failure', () => {
    expect(alarms.get('did-not-run')).toMatchObject({
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Metrics: [
        { Expression: 'FILL(completed, 0)' },
        { MetricStat: { Metric: ownMetric('RunCompleted'), Period: 300, Stat: 'Sum' } },
      ],
    });
  });

  test.for([
    [1, 5],
    [2, 3],
    [5, 3],
    [60, 3],
  ] as const)('on a schedule of %i minutes comes after %i without a run', ([minutes, runs]) => {
    const alarm = alarmsOf(templateOf({ scheduleMinutes: minutes })).get('did-not-run');
    expect(alarm).toMatchObject({
      EvaluationPeriods: runs,
      Metrics: [{}, { MetricStat: { Period: minutes * 60 } }],
    });
    expect(alarm?.['AlarmDescription']).toContain(` ${minutes * runs} minutes.`);
  });
});

describe('a single bad run sends no alarm', () => {
  test.for(['runs-fail', 'throttled', 'ticks-dropped'])('%s: two of three', (name) => {
    expect(alarms.get(name)).toMatchObject({
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      TreatMissingData: 'notBreaching',
    });
  });

  test('a tick is dropped before the function and behind it', () => {
    const metric = (name: string): object => ({ MetricStat: { Metric: { MetricName: name } } });
    expect(alarms.get('ticks-dropped')).toMatchObject({
      Metrics: [
        { Expression: 'FILL(before, 0) + FILL(behind, 0)' },
        metric('InvocationDroppedCount'),
        metric('AsyncEventsDropped'),
      ],
    });
  });
});

describe('what a run reports holds until another run reports', () => {
  test.for([
    ['pages-pending', 'OutboxOldestSeconds', { Threshold: 900, Statistic: 'Maximum' }],
    ['blind', 'HostsReadRatio', { Threshold: 0.5, Statistic: 'Minimum', EvaluationPeriods: 3 }],
  ] as const)('%s', ([name, metric, condition]) => {
    expect(alarms.get(name)).toMatchObject({
      TreatMissingData: 'ignore',
      ...ownMetric(metric),
      ...condition,
    });
  });

  test('no-subscriber is a topic that nobody reads, and no channel beside it', () => {
    expect(alarms.get('no-subscriber')).toMatchObject({
      ...ownMetric('ConfirmedSubscribers'),
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'notBreaching',
    });
  });

  test('blind is fewer hosts than the quorum', () => {
    const strict = alarmsOf(templateOf({ limits: { quorum: 0.9 } })).get('blind');
    expect(strict).toMatchObject({ Threshold: 0.9 });
    expect(strict?.['AlarmDescription']).toContain('fewer than 90 %');
  });

  test('a page that waits for the next tick is not yet old', () => {
    const rare = alarmsOf(templateOf({ scheduleMinutes: 60 })).get('pages-pending');
    expect(rare).toMatchObject({ Threshold: 3 * 3600 });
  });
});

function ownMetric(name: string): object {
  return {
    Namespace: 'vtepwatch',
    MetricName: name,
    Dimensions: [{ Name: 'Cluster', Value: 'demo' }],
  };
}
