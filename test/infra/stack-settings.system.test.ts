import { App } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import type { ClusterSettings } from '../../infra/cluster.ts';
import { ClusterStack } from '../../infra/cluster-stack.ts';
import {
  DEMO,
  resourceOf,
  resourcesOf,
  stackOf,
  statementsOf,
  templateOf,
} from './support/deployed.ts';

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:oncall';
const BOUNDARY = 'arn:aws:iam::111122223333:policy/boundary';

/** The function's environment. */
function variablesOf(template: Template): unknown {
  return Object(resourceOf(template, 'AWS::Lambda::Function')['Environment']).Variables;
}

describe('what an organisation wants of a stack', () => {
  test('tags are on every resource that can have them', () => {
    const template = templateOf({ resourceTags: { team: 'platform' } });
    for (const type of ['AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::SSM::Document']) {
      const [first] = Object.values(resourcesOf(template, type));
      expect(JSON.stringify(first?.['Tags'])).toContain('"team"');
    }
  });

  test('the log is kept for so many days', () => {
    const log = resourceOf(templateOf({ logRetentionDays: 365 }), 'AWS::Logs::LogGroup');
    expect(log['RetentionInDays']).toBe(365);
  });

  test('a key of its own encrypts the topics, and the stack makes none', () => {
    const template = templateOf({ topicKeyArn: KEY });
    template.resourceCountIs('AWS::KMS::Key', 0);
    for (const topic of Object.values(resourcesOf(template, 'AWS::SNS::Topic'))) {
      expect(topic['KmsMasterKeyId']).toBe(KEY);
    }
  });

  test('keys of its own encrypt the table, which the function may use, and the log', () => {
    const template = templateOf({ tableKeyArn: KEY, logKeyArn: KEY });
    expect(resourceOf(template, 'AWS::DynamoDB::GlobalTable')).toMatchObject({
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [{ SSESpecification: { KMSMasterKeyId: KEY } }],
    });
    expect(resourceOf(template, 'AWS::Logs::LogGroup')['KmsKeyId']).toBe(KEY);
    expect(statementsOf(template, 'WatchRole')).toContainEqual({
      Sid: 'RememberEncrypted',
      Effect: 'Allow',
      Action: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      Resource: KEY,
      Condition: {
        StringEquals: { 'kms:ViaService': 'dynamodb.{AWS::Region}.{AWS::URLSuffix}' },
      },
    });
  });

  test('pages go to a topic of its own, and alarms to one of the stack', () => {
    const template = templateOf({ paging: { topicArn: TOPIC } });
    expect(Object.keys(resourcesOf(template, 'AWS::SNS::Topic'))).toEqual(['WatchAlarms']);
    expect(variablesOf(template)).toMatchObject({ VTEPWATCH_TOPIC_ARN: TOPIC });
  });

  test('alarms go to further topics too', () => {
    const template = templateOf({ alarmTopicArns: [TOPIC] });
    for (const alarm of Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm'))) {
      expect(alarm).toMatchObject({ AlarmActions: ['{WatchAlarms}', TOPIC] });
      expect(alarm).toMatchObject({ OKActions: ['{WatchAlarms}', TOPIC] });
    }
  });

  test('a pager subscribes to the alarms by https', () => {
    const alarmUrls = ['https://events.pagerduty.com/integration/0123/enqueue'];
    expect(
      Object.values(resourcesOf(templateOf({ alarmUrls }), 'AWS::SNS::Subscription')),
    ).toMatchObject([{ Protocol: 'https', Endpoint: alarmUrls[0], TopicArn: '{WatchAlarms}' }]);
  });

  test.for<[string, Partial<ClusterSettings>, boolean]>([
    ['by nobody', {}, true],
    ['by e-mail alone', { alarmEmails: ['platform@example.com'] }, true],
    ['by a pager', { alarmUrls: ['https://pager.example.com/x'] }, false],
    ['by a topic', { alarmTopicArns: [TOPIC] }, false],
    ['beside a heartbeat', { heartbeatUrl: 'https://hc-ping.com/5f0e6f3c' }, false],
  ])('synth warns of alarms that are read %s: %j', ([, settings, warns]) => {
    const warnings = Annotations.fromStack(stackOf(settings)).findWarning(
      '*',
      Match.stringLikeRegexp('^demo: alarms that vtepwatch itself has failed reach '),
    );
    expect(warnings).toHaveLength(warns ? 1 : 0);
  });

  test('every role has the boundary', () => {
    const roles = resourcesOf(templateOf({ permissionsBoundaryArn: BOUNDARY }), 'AWS::IAM::Role');
    const boundaries = Object.values(roles).map((role) => role['PermissionsBoundary']);
    expect(boundaries).toEqual([BOUNDARY, BOUNDARY]);
  });

  test('the function has the proxy and the certificates in its environment', () => {
    const caCertificates = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const network = { caCertificates, httpsProxy: 'http://proxy:3128', noProxy: '.internal' };
    expect(variablesOf(templateOf({ network }))).toMatchObject({
      VTEPWATCH_CA_CERTIFICATES: caCertificates,
      HTTPS_PROXY: 'http://proxy:3128',
      NO_PROXY: '.internal',
    });
  });

  test('source maps are read where they are wanted, and nowhere else', () => {
    expect(variablesOf(templateOf({ sourceMaps: true }))).toMatchObject({
      NODE_OPTIONS: expect.stringMatching(/ --enable-source-maps$/),
    });
    expect(JSON.stringify(variablesOf(templateOf()))).not.toMatch(/source-maps/);
  });

  test('source maps are refused for a template whose archive has none', () => {
    const app = new App({ analyticsReporting: false });
    const settings = { ...DEMO, sourceMaps: true, isPortable: true };
    expect(() => new ClusterStack(app, settings)).toThrow(
      'demo: sourceMaps is not for a template: its archive has none',
    );
  });
});
