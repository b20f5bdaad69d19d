import { describe, expect, test } from 'vitest';
import { timeoutSeconds } from '../../infra/cluster.ts';
import { readProbeDocument } from '../../lab/probe-script.ts';
import { readSettings } from '../../lambda/settings.ts';
import { OUTPUTS, stackNameOf } from '../../shared/contract/deployment.ts';
import { TABLE_KEYS } from '../../shared/contract/incident-table.ts';
import { limitsSchema, PROCESS_VARIABLES } from '../../shared/contract/settings.ts';
import {
  type Properties,
  resourceOf,
  resourcesOf,
  stackOf,
  templateOf,
} from './support/deployed.ts';

const template = templateOf();

/** The function's environment, with a value for each reference that CloudFormation would put in. */
function environmentOf(watched: typeof template): Record<string, string> {
  const { Environment } = resourceOf(watched, 'AWS::Lambda::Function');
  const values = {
    '{WatchProbe}': 'Vtepwatch-demo-WatchProbe-1A2B',
    '{WatchIncidents}': 'Vtepwatch-demo-WatchIncidents-1A2B',
    '{WatchPages}': 'arn:aws:sns:eu-central-1:111122223333:Vtepwatch-demo-WatchPages-1A2B',
  };
  let text = JSON.stringify(Object(Environment).Variables);
  for (const [reference, value] of Object.entries(values)) text = text.replace(reference, value);
  return JSON.parse(text);
}

describe('the function', () => {
  const checker = resourceOf(template, 'AWS::Lambda::Function');

  test('runs on Node 24, on arm64, from the asset', () => {
    expect(checker).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 512,
    });
  });

  test.for([1, 2, 5, 60])('ends before the next tick of a schedule of %i minutes', (minutes) => {
    const seconds = timeoutSeconds({ scheduleMinutes: minutes });
    expect(seconds).toBeLessThan(minutes * 60);
    expect(seconds).toBeGreaterThanOrEqual(55);
  });

  test('has memory for thousands of hosts, since Node keeps little of what it has thrown away', () => {
    expect(environmentOf(template)).toMatchObject(PROCESS_VARIABLES);
  });

  test('reads the settings that the stack gives it', () => {
    expect(readSettings(environmentOf(template))).toEqual({
      cluster: 'demo',
      targets: [{ Key: 'tag:vtepwatch', Values: ['demo'] }],
      document: 'Vtepwatch-demo-WatchProbe-1A2B',
      table: 'Vtepwatch-demo-WatchIncidents-1A2B',
      topicArn: 'arn:aws:sns:eu-central-1:111122223333:Vtepwatch-demo-WatchPages-1A2B',
      limits: limitsSchema.parse({}),
      kubeconfig: undefined,
      otlpHeadersParameter: undefined,
      otlpPoints: 1000,
      caCertificates: undefined,
      pagerDuty: undefined,
      webhook: undefined,
      heartbeatUrl: undefined,
      runbook: 'RUNBOOK.md',
    });
  });

  test('reads everything that may be set', () => {
    const environment = environmentOf(
      templateOf({
        tags: { vtepwatch: ['a', 'b'], team: 'net' },
        limits: { slowSeconds: 2 },
        kubeconfigParameter: '/demo/kubeconfig',
        telemetry: {
          endpoint: 'https://otlp.example.com',
          headersParameter: '/demo/headers',
          variables: { OTEL_LOGS_EXPORTER: 'none' },
        },
        paging: {
          pagerDuty: { parameter: '/demo/pd', url: 'https://events.eu.pagerduty.com/v2/enqueue' },
          webhook: { parameter: '/demo/webhook' },
        },
        heartbeatUrl: 'https://hc-ping.com/5f0e6f3c',
      }),
    );
    expect(readSettings(environment)).toMatchObject({
      targets: [
        { Key: 'tag:vtepwatch', Values: ['a', 'b'] },
        { Key: 'tag:team', Values: ['net'] },
      ],
      limits: { ...limitsSchema.parse({}), slowSeconds: 2 },
      kubeconfig: { kind: 'parameter', name: '/demo/kubeconfig' },
      otlpHeadersParameter: '/demo/headers',
      otlpPoints: 1000,
      caCertificates: undefined,
      pagerDuty: { parameter: '/demo/pd', url: 'https://events.eu.pagerduty.com/v2/enqueue' },
      webhook: { kind: 'parameter', name: '/demo/webhook' },
      heartbeatUrl: 'https://hc-ping.com/5f0e6f3c',
    });
    expect(environment['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('https://otlp.example.com');
    expect(environment['OTEL_LOGS_EXPORTER']).toBe('none');
  });

  test('is in no VPC unless one is named', () => {
    expect(checker).not.toHaveProperty('VpcConfig');
    const vpc = {
      subnetIds: ['subnet-0123456789abcdef0'],
      securityGroupIds: ['sg-0123456789abcdef0'],
    };
    expect(resourceOf(templateOf({ vpc }), 'AWS::Lambda::Function')['VpcConfig']).toEqual({
      SubnetIds: vpc.subnetIds,
      SecurityGroupIds: vpc.securityGroupIds,
    });
  });

  test('writes lines as they are into a log that is kept for a month', () => {
    expect(checker['LoggingConfig']).toEqual({ LogFormat: 'Text', LogGroup: '{WatchLog}' });
    expect(resourceOf(template, 'AWS::Logs::LogGroup')).toEqual({ RetentionInDays: 30 });
  });
});

describe('the schedule', () => {
  test('ticks every five minutes and tells the run when it was wanted', () => {
    expect(resourceOf(template, 'AWS::Scheduler::Schedule')).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        Arn: '{WatchChecker.Arn}',
        Input: '{"scheduledTime":"<aws.scheduler.scheduled-time>"}',
      },
    });
  });

  test('may tick every minute', () => {
    const often = templateOf({ scheduleMinutes: 1 });
    expect(resourceOf(often, 'AWS::Scheduler::Schedule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
    });
    expect(resourceOf(often, 'AWS::Lambda::Function')).toMatchObject({ Timeout: 55 });
  });

  test('gives up a tick that cannot be handed over within a minute', () => {
    expect(resourceOf(template, 'AWS::Scheduler::Schedule')).toMatchObject({
      Target: { RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 } },
    });
  });

  test('leaves a run that failed or is late to the next tick', () => {
    expect(resourceOf(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
      MaximumEventAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
    });
  });

  test('is in a group that goes with the stack', () => {
    const [group] = Object.values(template.findResources('AWS::Scheduler::ScheduleGroup'));
    expect(group).toMatchObject({ DeletionPolicy: 'Delete' });
  });
});

describe('the document', () => {
  const document = resourceOf(template, 'AWS::SSM::Document');

  test('is the one that the lab runs', async () => {
    expect(document['Content']).toEqual(await readProbeDocument());
  });

  test('is of no name and no second version: another text is another document', () => {
    expect(document).not.toHaveProperty('Name');
    expect(document).not.toHaveProperty('UpdateMethod');
  });

  test('runs on hosts in EC2 and outside of it', () => {
    expect(document).toMatchObject({ DocumentType: 'Command', TargetType: '/' });
  });
});

describe('the table', () => {
  const table = resourceOf(template, 'AWS::DynamoDB::GlobalTable');

  test('has the keys that the function uses, and no index and no stream', () => {
    expect(table).toMatchObject({
      KeySchema: [
        { AttributeName: TABLE_KEYS.partition, KeyType: 'HASH' },
        { AttributeName: TABLE_KEYS.sort, KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: TABLE_KEYS.ttl, Enabled: true },
    });
    expect(table).not.toHaveProperty('GlobalSecondaryIndexes');
    expect(table).not.toHaveProperty('StreamSpecification');
  });

  test('is paid by use, can be restored, and cannot be deleted by a slip', () => {
    expect(table).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });

  test('outlives the stack', () => {
    const [found] = Object.values(template.findResources('AWS::DynamoDB::GlobalTable'));
    expect(found).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the topics', () => {
  const topics = resourcesOf(template, 'AWS::SNS::Topic');
  const policies = resourcesOf(template, 'AWS::SNS::TopicPolicy');

  test('are two: pages, and alarms about vtepwatch itself', () => {
    expect(Object.keys(topics)).toEqual(['WatchPages', 'WatchAlarms']);
  });

  test.for(['WatchPages', 'WatchAlarms'])('%s is encrypted at rest and on the way', (name) => {
    expect(topics[name]).toMatchObject({ KmsMasterKeyId: '{WatchTopicKey.Arn}' });
    expect(statementsOf(policies[`${name}Policy`])).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  test('have a key that turns over, and that alarms of this account may use', () => {
    const { EnableKeyRotation, KeyPolicy } = resourceOf(template, 'AWS::KMS::Key');
    expect(EnableKeyRotation).toBe(true);
    expect(statementsOf({ PolicyDocument: KeyPolicy })).toContainEqual({
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: OF_THIS_ACCOUNT,
    });
  });

  test('let alarms publish to their own alone', () => {
    const allowed = (name: string): readonly unknown[] =>
      statementsOf(policies[name]).filter((statement) => Object(statement).Effect === 'Allow');
    expect(allowed('WatchPagesPolicy')).toEqual([]);
    expect(allowed('WatchAlarmsPolicy')).toEqual([
      expect.objectContaining({
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: '{WatchAlarms}',
        Condition: OF_THIS_ACCOUNT,
      }),
    ]);
  });

  test('have the subscribers of the settings', () => {
    const subscribed = templateOf({
      paging: { emails: ['oncall@example.com'] },
      alarmEmails: ['platform@example.com'],
    });
    expect(Object.values(resourcesOf(subscribed, 'AWS::SNS::Subscription'))).toEqual([
      { Protocol: 'email', Endpoint: 'oncall@example.com', TopicArn: '{WatchPages}' },
      { Protocol: 'email', Endpoint: 'platform@example.com', TopicArn: '{WatchAlarms}' },
    ]);
  });
});

const OF_THIS_ACCOUNT = {
  StringEquals: { 'aws:SourceAccount': '{AWS::AccountId}' },
  ArnLike: {
    'aws:SourceArn': 'arn:{AWS::Partition}:cloudwatch:{AWS::Region}:{AWS::AccountId}:alarm:*',
  },
};

function statementsOf(policy: Properties | undefined): readonly unknown[] {
  return Object(policy?.['PolicyDocument']).Statement;
}

describe('the stack', () => {
  test('has the name and the outputs by which the command line finds it', () => {
    const stack = stackOf({ name: 'prod.eu' });
    expect(stack.stackName).toBe(stackNameOf('prod.eu'));
    expect(stack.stackName).toBe('Vtepwatch-prod-eu');
    for (const key of Object.values(OUTPUTS)) template.hasOutput(key, {});
  });

  test('holds names of secrets, and neither asks for one nor makes one', () => {
    const secretive = templateOf({
      kubeconfigParameter: '/demo/kubeconfig',
      paging: { pagerDuty: { parameter: '/demo/pd' } },
    });
    expect(Object.values(environmentOf(secretive))).toContain('/demo/pd');
    const { Resources } = secretive.toJSON();
    expect(JSON.stringify(Resources).match(/\{\{resolve:|AWS::SSM::Parameter/g)).toBeNull();
  });

  test('is of any account, and of a region where the settings name one', () => {
    expect(stackOf().environment).toBe('aws://unknown-account/unknown-region');
    expect(stackOf({ region: 'eu-central-1' }).region).toBe('eu-central-1');
  });

  test('refuses settings that are wrong', () => {
    expect(() => stackOf({ scheduleMinutes: 0 })).toThrow(
      'Watch ("demo"): scheduleMinutes must be a whole number from 1 to 60',
    );
  });
});
