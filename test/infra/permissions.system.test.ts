import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { resourcesOf, statementsOf, templateOf } from './support/deployed.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('the function', () => {
  const template = templateOf();
  const statements = statementsOf(template, 'WatchRole');
  const bySid = new Map(statements.map(({ Sid, ...rest }) => [Sid, rest]));

  test('may send its own document alone', () => {
    expect(bySid.get('SendThisDocument')).toEqual({
      Effect: 'Allow',
      Action: 'ssm:SendCommand',
      Resource: 'arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:document/{WatchProbe}',
    });
  });

  test("may send it to hosts with the cluster's tag alone", () => {
    expect(bySid.get('ToTaggedHosts')).toEqual({
      Effect: 'Allow',
      Action: 'ssm:SendCommand',
      Resource: [
        'arn:{AWS::Partition}:ec2:{AWS::Region}:{AWS::AccountId}:instance/*',
        'arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:managed-instance/*',
      ],
      Condition: { StringEquals: { 'ssm:resourceTag/vtepwatch': 'demo' } },
    });
  });

  test('may send nothing else to anybody', () => {
    const sending = statements.filter(({ Action }) => String(Action).includes('SendCommand'));
    expect(sending.map(({ Sid }) => Sid)).toEqual(['SendThisDocument', 'ToTaggedHosts']);
  });

  test('needs all of several tags, and any of several values', () => {
    const tagged = templateOf({ tags: { vtepwatch: ['a', 'b'], team: 'net' } });
    const hosts = statementsOf(tagged, 'WatchRole').find(({ Sid }) => Sid === 'ToTaggedHosts');
    expect(hosts?.Condition).toEqual({
      StringEquals: { 'ssm:resourceTag/vtepwatch': ['a', 'b'], 'ssm:resourceTag/team': 'net' },
    });
  });

  test('may do on everything only what IAM can allow no other way', () => {
    const everywhere = statements.filter(({ Resource }) => Resource === '*');
    expect(everywhere.map(({ Action }) => Action)).toEqual([
      [
        'ssm:DescribeInstanceInformation',
        'ssm:GetCommandInvocation',
        'ssm:ListCommandInvocations',
        'ssm:ListCommands',
      ],
    ]);
  });

  test.for([
    ['Remember', '{WatchIncidents.Arn}', /^dynamodb:/],
    ['Page', '{WatchPages}', /^sns:(Publish|GetTopicAttributes)$/],
    ['PageEncrypted', '{WatchTopicKey.Arn}', /^kms:(Decrypt|GenerateDataKey)$/],
    ['Log', '{WatchLog.Arn}', /^logs:(CreateLogStream|PutLogEvents)$/],
  ] as const)('%s: on one resource of its own', ([sid, resource, actions]) => {
    const { Action, Resource } = bySid.get(sid) ?? {};
    expect(Resource).toBe(resource);
    for (const action of [Action].flat()) expect(action).toMatch(actions);
  });

  test('may do nothing else', () => {
    expect([...bySid.keys()]).toEqual([
      'SendThisDocument',
      'ToTaggedHosts',
      'ReadAnswers',
      'Remember',
      'Page',
      'PageEncrypted',
      'Log',
    ]);
    expect(resourcesOf(template, 'AWS::IAM::Role')).not.toHaveProperty(
      'WatchRole.ManagedPolicyArns',
    );
  });

  test('may make every call that it makes', () => {
    const allowed = new Set(
      [...statements, ...statementsOf(templateOf(SECRETS), 'WatchRole')].flatMap(({ Action }) =>
        [Action].flat(),
      ),
    );
    expect(callsOfTheFunction()).not.toEqual([]);
    for (const call of callsOfTheFunction()) expect([...allowed]).toContain(call);
  });
});

/** `ssm:SendCommand` for a `SendCommandCommand` that is imported of the SDK's client for SSM. */
function callsOfTheFunction(): readonly string[] {
  const sources = globSync('lambda/**/*.ts', { cwd: ROOT }).map((file) =>
    readFileSync(path.join(ROOT, file), 'utf8'),
  );
  return sources.flatMap((source) =>
    [...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-(\w+)';/g)].flatMap(
      ([, names = '', service = '']) =>
        [...names.matchAll(/\b(\w+)Command\b/g)].map(([, call = '']) => `${service}:${call}`),
    ),
  );
}

const SECRETS = {
  kubeconfigParameter: '/vtepwatch/demo/kubeconfig',
  telemetry: { endpoint: 'https://otlp.example.com', headersParameter: 'otlp-headers' },
  paging: {
    pagerDuty: { parameter: '/vtepwatch/demo/pagerduty' },
    webhook: { parameter: '/vtepwatch/demo/webhook' },
  },
} as const;

const NAMED = [
  'otlp-headers',
  'vtepwatch/demo/kubeconfig',
  'vtepwatch/demo/pagerduty',
  'vtepwatch/demo/webhook',
].map((name) => `arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:parameter/${name}`);

describe('secrets', () => {
  const statements = statementsOf(templateOf(SECRETS), 'WatchRole');
  const bySid = new Map(statements.map(({ Sid, ...rest }) => [Sid, rest]));

  test('are read where the settings name them, and nowhere else', () => {
    expect(bySid.get('ReadSecrets')).toEqual({
      Effect: 'Allow',
      Action: 'ssm:GetParameter',
      Resource: NAMED,
    });
  });

  test('are decrypted through Systems Manager, and nothing else under the same key', () => {
    expect(bySid.get('DecryptSecrets')).toEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: 'arn:{AWS::Partition}:kms:{AWS::Region}:{AWS::AccountId}:key/*',
      Condition: {
        StringEquals: {
          'kms:ViaService': 'ssm.{AWS::Region}.{AWS::URLSuffix}',
          'kms:EncryptionContext:PARAMETER_ARN': expect.toSatisfy(
            (arns: readonly string[]) => arns.toSorted().join() === NAMED.join(),
          ),
        },
      },
    });
  });
});

test('a secret of Secrets Manager is read through the Parameter Store, and no other is', () => {
  const template = templateOf({ kubeconfigParameter: '/aws/reference/secretsmanager/demo/kube' });
  const bySid = new Map(statementsOf(template, 'WatchRole').map(({ Sid, ...rest }) => [Sid, rest]));
  const account = '{AWS::Region}:{AWS::AccountId}';
  const secret = `arn:{AWS::Partition}:secretsmanager:${account}:secret:demo/kube-??????`;
  expect(bySid.get('ReadSecrets')).toMatchObject({
    Resource: `arn:{AWS::Partition}:ssm:${account}:parameter/aws/reference/secretsmanager/demo/kube`,
  });
  expect(bySid.get('ReadSecretsManager')).toEqual({
    Effect: 'Allow',
    Action: 'secretsmanager:GetSecretValue',
    Resource: secret,
  });
  expect(bySid.get('DecryptSecretsManager')).toMatchObject({
    Action: 'kms:Decrypt',
    Condition: {
      StringEquals: { 'kms:ViaService': 'secretsmanager.{AWS::Region}.{AWS::URLSuffix}' },
      StringLike: {
        'kms:EncryptionContext:SecretARN': expect.toSatisfy(
          (arns: unknown) => [arns].flat().join() === secret,
        ),
      },
    },
  });
});

test('in a VPC Lambda may make network interfaces, and the function may not', () => {
  const statements = statementsOf(
    templateOf({
      vpc: {
        subnetIds: ['subnet-0123456789abcdef0'],
        securityGroupIds: ['sg-0123456789abcdef0'],
      },
    }),
    'WatchRole',
  );
  const [allowed, denied] = ['LetLambdaEnterVpc', 'NotTheFunction'].map((sid) =>
    statements.find(({ Sid }) => Sid === sid),
  );
  expect(allowed?.Effect).toBe('Allow');
  expect(denied).toMatchObject({
    Effect: 'Deny',
    Action: allowed?.Action,
    Condition: {
      ArnLike: {
        'lambda:SourceFunctionArn':
          'arn:{AWS::Partition}:lambda:{AWS::Region}:{AWS::AccountId}:function:*',
      },
    },
  });
});

test('the schedule may start this function, and can be used by no other schedule', () => {
  const template = templateOf();
  expect(statementsOf(template, 'WatchTickRole')).toEqual([
    { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '{WatchChecker.Arn}' },
  ]);
  expect(resourcesOf(template, 'AWS::IAM::Role')['WatchTickRole']).toMatchObject({
    AssumeRolePolicyDocument: {
      Statement: [
        {
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: {
            StringEquals: {
              'aws:SourceAccount': '{AWS::AccountId}',
              'aws:SourceArn': '{WatchTicks.Arn}',
            },
          },
        },
      ],
    },
  });
});
