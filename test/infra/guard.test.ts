import { describe, expect, test } from 'vitest';
import type { ClusterSettings } from '../../infra/cluster.ts';
import { refusalsOf } from '../../infra/guard/guard.ts';
import { ownScript } from '../../infra/own-script.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import { templateOf } from './support/deployed.ts';

const SCRIPT = ownScript();

/** As the settings name a secret of Secrets Manager. */
const SECRET = '/aws/reference/secretsmanager/demo/kubeconfig';

const VPC = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };

/** A stack as the product makes it. */
const STACK = templateOf().toJSON();
const RESOURCES: Readonly<Record<string, { readonly Type: string }>> = STACK['Resources'];

function idOf(type: string, nth = 0): string {
  const found = Object.entries(RESOURCES).filter(([, { Type }]) => Type === type);
  return found[nth]?.[0] ?? '';
}

const DOCUMENT_ID = idOf('AWS::SSM::Document');
const FUNCTION_ID = idOf('AWS::Lambda::Function');
const ROLE_ID = idOf('AWS::IAM::Role');
const TICK_ROLE_ID = idOf('AWS::IAM::Role', 1);

/** What is held against the stack with one resource more, or with another one in its place. */
function against(mutant: object, id = 'Mutant'): readonly string[] {
  const Resources = { ...RESOURCES, [id]: mutant };
  return refusalsOf({ ...STACK, Resources }, SCRIPT).map(({ reason }) => reason);
}

const ACCOUNT = 'arn:aws:ssm:eu-central-1:111122223333';
const HOSTS = ['arn:aws:ec2:eu-central-1:111122223333:instance/*', `${ACCOUNT}:managed-instance/*`];
const DOCUMENT = { 'Fn::Join': ['', [`${ACCOUNT}:document/`, { Ref: DOCUMENT_ID }]] };
const TAGGED = { StringEquals: { 'ssm:resourceTag/vtepwatch': 'demo' } };
const SEND = 'ssm:SendCommand';

function allow(action: unknown, target: unknown, condition?: object): object {
  const more = condition === undefined ? {} : { Condition: condition };
  return { Effect: 'Allow', Action: action, Resource: target, ...more };
}

function policy(statement: unknown, owner: unknown = { Ref: ROLE_ID }): object {
  return {
    Type: 'AWS::IAM::Policy',
    Properties: {
      PolicyName: 'may',
      Roles: [owner],
      PolicyDocument: { Version: '2012-10-17', Statement: statement },
    },
  };
}

function role(properties: object): object {
  const AssumeRolePolicyDocument = trust({ Service: 'lambda.amazonaws.com' });
  return { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument, ...properties } };
}

function trust(principal: unknown): object {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal }],
  };
}

function document(content: unknown, more: object = {}): object {
  return {
    Type: 'AWS::SSM::Document',
    Properties: { Content: content, DocumentType: 'Command', TargetType: '/', ...more },
  };
}

function resource(type: string, properties: object = {}): object {
  return { Type: type, Properties: properties };
}

const OWN = probeDocument(SCRIPT);

describe('the guard takes', () => {
  test.for<[string, Partial<ClusterSettings>]>([
    ['the stack of a cluster', {}],
    ['one in a VPC', { vpc: VPC }],
    ['one with secrets', { kubeconfigParameter: '/demo/kubeconfig' }],
    ['one that pages', { paging: { emails: ['oncall@example.com'] }, alarmEmails: ['a@b.net'] }],
    [
      'one whose hosts send no packets, with tags of its own',
      { packets: false, tags: { a: ['b', 'c'], d: 'e' } },
    ],
    ['one in a Region that is named', { region: 'eu-central-1' }],
    ['one in an account that is named', { account: '111122223333', region: 'eu-central-1' }],
    ['one with a secret of Secrets Manager', { kubeconfigParameter: SECRET }],
    [
      "one with the organisation's tags, key, topics and boundary",
      {
        resourceTags: { team: 'platform' },
        topicKeyArn:
          'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
        tableKeyArn:
          'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
        paging: { topicArn: 'arn:aws:sns:eu-central-1:111122223333:oncall' },
        alarmTopicArns: ['arn:aws:sns:eu-central-1:111122223333:incidents'],
        permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
      },
    ],
  ])('%s', ([, settings]) => {
    expect(refusalsOf(templateOf(settings).toJSON(), SCRIPT)).toEqual([]);
  });

  test.for([
    ['SendCommand for a document of the same template', policy(allow(SEND, DOCUMENT))],
    ['SendCommand for tagged hosts', policy(allow(SEND, HOSTS, TAGGED))],
    ['what is for nobody', policy({ Effect: 'Deny', Action: 'ssm:*', Resource: '*' })],
    ["this version's document", document(OWN)],
    ['a subscription by https', resource('AWS::SNS::Subscription', { Protocol: 'https' })],
    [
      'a role with a permissions boundary',
      role({ PermissionsBoundary: 'arn:aws:iam::1:policy/b' }),
    ],
  ] as const)('%s', ([, mutant]) => {
    expect(against(mutant)).toEqual([]);
  });
});

describe('the guard refuses to run another script by', () => {
  test.for([
    ['an association', resource('AWS::SSM::Association', { Name: 'AWS-RunShellScript' })],
    [
      'an association of its own document',
      resource('AWS::SSM::Association', { Name: { Ref: DOCUMENT_ID } }),
    ],
    ['a maintenance window', resource('AWS::SSM::MaintenanceWindow')],
    ['its targets', resource('AWS::SSM::MaintenanceWindowTarget')],
    ['its task', resource('AWS::SSM::MaintenanceWindowTask', { TaskType: 'RUN_COMMAND' })],
    ['a rule', resource('AWS::Events::Rule', { Targets: [{ RunCommandParameters: {} }] })],
    ['a state machine', resource('AWS::StepFunctions::StateMachine')],
    [
      'a schedule of an API',
      resource('AWS::Scheduler::Schedule', {
        Target: {
          Arn: 'arn:aws:scheduler:::aws-sdk:ssm:sendCommand',
          RoleArn: { 'Fn::GetAtt': [TICK_ROLE_ID, 'Arn'] },
        },
      }),
    ],
    [
      'a schedule of a chosen function',
      resource('AWS::Scheduler::Schedule', {
        Target: {
          Arn: 'arn:aws:lambda:eu-central-1:1:function:other',
          RoleArn: { 'Fn::GetAtt': [TICK_ROLE_ID, 'Arn'] },
        },
      }),
    ],
    [
      'an alarm',
      resource('AWS::CloudWatch::Alarm', {
        AlarmActions: ['arn:aws:lambda:eu-central-1:1:function:other'],
      }),
    ],
    ['a function as a subscriber', resource('AWS::SNS::Subscription', { Protocol: 'lambda' })],
    [
      'a second function',
      resource('AWS::Lambda::Function', { Role: { 'Fn::GetAtt': [ROLE_ID, 'Arn'] }, Code: {} }),
    ],
    ['a permission to invoke', resource('AWS::Lambda::Permission')],
    ['where results go', resource('AWS::Lambda::EventInvokeConfig', { DestinationConfig: {} })],
    ['a custom resource', resource('Custom::Anything')],
    ['a nested stack', resource('AWS::CloudFormation::Stack')],
    ['a hook', resource('AWS::CloudFormation::TypeActivation')],
    ['an instance with user data', resource('AWS::EC2::Instance', { UserData: '' })],
    ['an automation', document(OWN, { DocumentType: 'Automation' })],
    ['another document', document({ ...OWN, mainSteps: [] })],
    ['another script', document(probeDocument(`${SCRIPT}id\n`))],
    ['an attachment', document(OWN, { Attachments: [] })],
    ['a document that cannot be read', document({ 'Fn::If': ['C', OWN, OWN] })],
    [
      'a document of its own name, of which an older version stays',
      document(OWN, { Name: 'probe' }),
    ],
    [
      'a parameter that takes any text',
      document({ ...OWN, parameters: { ...Object(OWN).parameters, Wanted: { type: 'String' } } }),
    ],
    ['a user', resource('AWS::IAM::User')],
    ['a group', resource('AWS::IAM::Group')],
    ['an instance profile', resource('AWS::IAM::InstanceProfile')],
    ['a managed policy', resource('AWS::IAM::ManagedPolicy', { PolicyDocument: {} })],
    ['a policy of a role by itself', resource('AWS::IAM::RolePolicy')],
    [
      "a managed policy of AWS's",
      role({ ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSSMFullAccess'] }),
    ],
    [
      'managed policies that cannot be read',
      role({ ManagedPolicyArns: { 'Fn::Split': [',', { Ref: 'P' }] } }),
    ],
    ['a role that an account may assume', role({ AssumeRolePolicyDocument: trust({ AWS: '*' }) })],
    [
      'a role that two services may assume',
      role({
        AssumeRolePolicyDocument: trust({ Service: ['lambda.amazonaws.com', 'ssm.amazonaws.com'] }),
      }),
    ],
    [
      'a role whose trust cannot be read',
      role({ AssumeRolePolicyDocument: { 'Fn::If': ['C', {}, {}] } }),
    ],
    ['a policy of a role elsewhere', policy(allow('sns:Publish', '*'), 'somebody')],
    [
      'a policy within a role',
      role({
        Policies: [
          {
            PolicyName: 'may',
            PolicyDocument: { Version: '2012-10-17', Statement: allow(SEND, '*') },
          },
        ],
      }),
    ],
  ] as const)('%s', ([, mutant]) => {
    expect(against(mutant)).not.toEqual([]);
  });

  test.for([
    ['Transform', { Transform: 'AWS::Serverless-2016-10-31' }],
    ['Hooks', { Hooks: {} }],
    ['Mappings', { Mappings: {} }],
    ['an include', { Metadata: { 'Fn::Transform': { Name: 'AWS::Include' } } }],
  ] as const)('%s', ([, section]) => {
    expect(refusalsOf({ ...STACK, ...section }, SCRIPT)).toHaveLength(1);
  });

  test('a function with a role of somebody else, code in the template, or layers', () => {
    const code = { Role: { 'Fn::GetAtt': [ROLE_ID, 'Arn'] }, Code: { ZipFile: 'x' } };
    expect(against(resource('AWS::Lambda::Function', code), FUNCTION_ID)).toContain(
      'its code stands in the template',
    );
    const other = { Role: 'arn:aws:iam::111122223333:role/admin', Code: {}, Layers: ['arn'] };
    expect(against(resource('AWS::Lambda::Function', other), FUNCTION_ID)).toEqual(
      expect.arrayContaining(['its role is not of this stack', 'it has layers']),
    );
  });
});

describe('of Secrets Manager the guard takes what the settings name, and refuses', () => {
  const template = templateOf({ kubeconfigParameter: SECRET }).toJSON();
  const reasonsOf = (secret: string): readonly string[] =>
    refusalsOf(
      {
        ...template,
        Resources: {
          ...template['Resources'],
          Mutant: policy(allow('secretsmanager:GetSecretValue', secret)),
        },
      },
      SCRIPT,
    ).map(({ reason }) => reason);
  const arnOf = (name: string): string =>
    `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`;

  test('nothing of that', () => {
    expect(reasonsOf(arnOf('demo/kubeconfig-??????'))).toEqual([]);
  });

  test.for(['*', arnOf('*'), arnOf('other-??????'), arnOf('demo/kubeconfig*')])('%s', (secret) => {
    expect(reasonsOf(secret)).toEqual([
      `secretsmanager:GetSecretValue is allowed on ${JSON.stringify(secret)}`,
    ]);
  });

  test('a secret that another variable seems to name', () => {
    const { Resources } = templateOf({
      telemetry: { variables: { OTEL_RESOURCE_ATTRIBUTES: SECRET } },
    }).toJSON();
    const secret = arnOf('demo/kubeconfig-??????');
    const Mutant = policy(allow('secretsmanager:GetSecretValue', secret));
    const reasons = refusalsOf({ Resources: { ...Resources, Mutant } }, SCRIPT);
    expect(reasons.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/is not on the list of lambda/),
    ]);
  });

  test('any secret where the settings name none', () => {
    const statement = allow('secretsmanager:GetSecretValue', arnOf('demo/kubeconfig-??????'));
    expect(against(policy(statement))[0]).toMatch(/is not on the list of lambda/);
  });
});

describe("of the table's key the guard refuses", () => {
  const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const OTHER = KEY.replace('1234abcd', '00000000');

  test('another key', () => {
    const { Resources } = templateOf({ tableKeyArn: KEY }).toJSON();
    const reasonsOf = (key: string): readonly string[] => {
      const Mutant = policy(allow('kms:Encrypt', key));
      return refusalsOf({ Resources: { ...Resources, Mutant } }, SCRIPT).map(
        ({ reason }) => reason,
      );
    };
    expect(reasonsOf(KEY)).toEqual([]);
    expect(reasonsOf(OTHER)).toEqual([`kms:Encrypt is allowed on "${OTHER}"`]);
  });

  test('any use where the settings name none', () => {
    expect(against(policy(allow('kms:Encrypt', KEY)))[0]).toMatch(/is not on the list of lambda/);
  });
});

describe('the guard refuses a role that may', () => {
  test.for([
    ['send on everything', allow(SEND, '*')],
    ['send on everything, in a list', allow(['ssm:ListCommands', SEND], ['*'])],
    ['do all of Systems Manager', allow('ssm:*', '*')],
    ['send by a wildcard within the name', allow('ssm:Send*', '*')],
    ['send by a question mark', allow('ssm:SendComman?', '*')],
    ['do everything', allow('*', '*')],
    ['send in another case', allow('SSM:sendcommand', DOCUMENT)],
    [
      "send AWS's own shell document",
      allow(SEND, 'arn:aws:ssm:eu-central-1::document/AWS-RunShellScript'),
    ],
    [
      "send AWS's own beside the template's",
      allow(SEND, [DOCUMENT, 'arn:aws:ssm:*:*:document/AWS-RunShellScript']),
    ],
    [
      "send AWS's own, put together",
      allow(SEND, {
        'Fn::Sub': 'arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-RunShellScript',
      }),
    ],
    ['send any document', allow(SEND, `${ACCOUNT}:document/*`)],
    [
      'send what is no document of the template',
      allow(SEND, { 'Fn::Join': ['', [`${ACCOUNT}:document/`, { Ref: 'Mutant' }]] }),
    ],
    ['send to hosts without a tag', allow(SEND, HOSTS)],
    [
      'send to hosts with a condition on something else',
      allow(SEND, HOSTS, { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } }),
    ],
    [
      'send to hosts with any value of a tag',
      allow(SEND, HOSTS, { StringLike: { 'ssm:resourceTag/vtepwatch': '*' } }),
    ],
    [
      "send to another cluster's hosts",
      allow(SEND, HOSTS, { StringEquals: { 'ssm:resourceTag/vtepwatch': 'prod' } }),
    ],
    [
      'send to hosts with another tag',
      allow(SEND, HOSTS, { StringEquals: { 'ssm:resourceTag/team': 'demo' } }),
    ],
    [
      'send to hosts whose tag is not there',
      allow(SEND, HOSTS, { StringEqualsIfExists: { 'ssm:resourceTag/vtepwatch': 'demo' } }),
    ],
    [
      'send on a condition that cannot be read',
      allow(SEND, HOSTS, { 'Fn::If': ['C', TAGGED, TAGGED] }),
    ],
    ['do all but something', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }],
    ['do it everywhere but somewhere', { Effect: 'Allow', Action: SEND, NotResource: HOSTS }],
    ['do what cannot be read', allow({ 'Fn::Join': ['', ['ssm:', 'SendCommand']] }, '*')],
    ['do what a condition chooses', { 'Fn::If': ['C', allow(SEND, '*'), allow(SEND, '*')] }],
    ['start an automation', allow('ssm:StartAutomationExecution', '*')],
    ['make an association', allow('ssm:CreateAssociation', '*')],
    ['change its document', allow('ssm:UpdateDocument', DOCUMENT)],
    ['open a session', allow('ssm:StartSession', '*')],
    ['pass a role', allow('iam:PassRole', '*')],
    ['assume another role', allow('sts:AssumeRole', '*')],
    ['change its own code', allow('lambda:UpdateFunctionCode', '*')],
    ['invoke another function', allow('lambda:InvokeFunction', '*')],
    ['put events', allow('events:PutEvents', '*')],
    ['make network interfaces without a VPC', allow('ec2:CreateNetworkInterface', '*')],
  ] as const)('%s', ([, statement]) => {
    expect(against(policy(statement))).not.toEqual([]);
    expect(against(policy([allow('sns:Publish', '*'), statement]))).not.toEqual([]);
  });

  test('be the schedule, and send', () => {
    expect(against(policy(allow(SEND, DOCUMENT), { Ref: TICK_ROLE_ID }))).not.toEqual([]);
    expect(against(policy(allow('lambda:InvokeFunction', '*'), { Ref: TICK_ROLE_ID }))).toEqual([
      'lambda:InvokeFunction is allowed on "*"',
    ]);
  });

  test('with a reason that names the action and what it is allowed on', () => {
    expect(against(policy(allow(SEND, '*')))).toEqual(['ssm:SendCommand is allowed on "*"']);
    expect(against(policy(allow('ssm:StartSession', '*')))).toEqual([
      'ssm:StartSession is allowed on "*", and is not on the list of lambda.amazonaws.com',
    ]);
  });
});
