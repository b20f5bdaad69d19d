import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { App, CfnResource } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { createDeployment, TemplateRules } from '../../infra/deployment.ts';
import { ASSET, DEMO, folder } from './support/deployed.ts';

const ACCOUNT = 'arn:aws:ssm:eu-central-1:111122223333';
const HOSTS = ['arn:aws:ec2:eu-central-1:111122223333:instance/*', `${ACCOUNT}:managed-instance/*`];
const DOCUMENT = { 'Fn::Join': ['', [`${ACCOUNT}:document/`, { Ref: 'Probe' }]] };
const TAGGED = { StringEquals: { 'ssm:resourceTag/vtepwatch': 'demo' } };

const SEND = 'ssm:SendCommand';

function allow(action: unknown, resource: unknown, condition?: object): object {
  const more = condition === undefined ? {} : { Condition: condition };
  return { Effect: 'Allow', Action: action, Resource: resource, ...more };
}

function policy(...statements: readonly object[]): object {
  return {
    Type: 'AWS::IAM::Policy',
    Properties: {
      PolicyName: 'may',
      Roles: ['checker'],
      PolicyDocument: { Version: '2012-10-17', Statement: statements },
    },
  };
}

const rules = new TemplateRules();
const anApp = new App({ outdir: folder() });

/** What the rules hold against a resource, in a template that makes the document `Probe`. */
function heldAgainst(resource: object): readonly string[] {
  const templatePath = path.join(folder(), 'template.json');
  const Probe = { Type: 'AWS::SSM::Document', Properties: { Content: {}, TargetType: '/' } };
  writeFileSync(templatePath, JSON.stringify({ Resources: { Probe, Mutant: resource } }));
  const { violations } = rules.validate({
    appConstruct: anApp,
    templatePaths: [templatePath],
    stackTemplates: [
      { stackConstructPath: 'Mutant', templatePath, accountId: undefined, region: undefined },
    ],
  });
  return violations
    .filter(({ ruleName }) => ruleName === 'send-command')
    .map(({ description }) => description);
}

describe('SendCommand may be allowed', () => {
  test.for([
    ['for a document of the same template', allow(SEND, DOCUMENT)],
    ['for tagged hosts', allow(SEND, HOSTS, TAGGED)],
    ['for nothing, where other things are', allow(['ssm:ListCommands', 'sns:Publish'], '*')],
    ['for nobody', { Effect: 'Deny', Action: 'ssm:*', Resource: '*' }],
  ] as const)('%s', ([, statement]) => {
    expect(heldAgainst(policy(statement))).toEqual([]);
  });
});

describe('SendCommand must not be allowed', () => {
  test.for([
    ['on everything', allow(SEND, '*')],
    ['on everything, in a list', allow(['ssm:ListCommands', SEND], ['*'])],
    ['by a wildcard for Systems Manager', allow('ssm:*', '*')],
    ['by a wildcard within its name', allow('ssm:Send*', '*')],
    ['by a question mark', allow('ssm:SendComman?', '*')],
    ['by a wildcard for all services', allow('*', '*')],
    ['in another case', allow('SSM:sendcommand', '*')],
    [
      "for AWS's own shell document",
      allow(SEND, 'arn:aws:ssm:eu-central-1::document/AWS-RunShellScript'),
    ],
    [
      "for AWS's own beside the template's",
      allow(SEND, [DOCUMENT, 'arn:aws:ssm:*:*:document/AWS-RunShellScript']),
    ],
    [
      "for AWS's own, put together",
      allow(SEND, {
        'Fn::Sub': 'arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-RunShellScript',
      }),
    ],
    ['for any document', allow(SEND, `${ACCOUNT}:document/*`)],
    [
      'for what is no document of the template',
      allow(SEND, { 'Fn::Join': ['', [`${ACCOUNT}:document/`, { Ref: 'Mutant' }]] }),
    ],
    ['for hosts without a tag', allow(SEND, HOSTS)],
    [
      'for hosts with a condition on something else',
      allow(SEND, HOSTS, { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } }),
    ],
    [
      'for hosts with any value of a tag',
      allow(SEND, HOSTS, { StringLike: { 'ssm:resourceTag/vtepwatch': '*' } }),
    ],
    ['by leaving out others', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }],
    ['everywhere but somewhere', { Effect: 'Allow', Action: SEND, NotResource: HOSTS }],
  ] as const)('%s', ([, statement]) => {
    expect(heldAgainst(policy(allow('sns:Publish', '*'), statement))).not.toEqual([]);
  });

  test('in a policy within a role', () => {
    const PolicyDocument = { Version: '2012-10-17', Statement: allow(SEND, '*') };
    expect(
      heldAgainst({
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
          Policies: [{ PolicyName: 'may', PolicyDocument }],
        },
      }),
    ).toEqual([expect.stringContaining('ssm:SendCommand is allowed on "*"')]);
  });

  test('in a managed policy', () => {
    const PolicyDocument = { Version: '2012-10-17', Statement: [allow(SEND, '*')] };
    const resource = { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument } };
    expect(heldAgainst(resource)).not.toEqual([]);
  });

  test("by a managed policy of somebody else's", () => {
    expect(
      heldAgainst({
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSSMFullAccess'],
        },
      }),
    ).toEqual([expect.stringContaining('cannot see what')]);
  });
});

/** A synthesis compiles all rules anew. */
const SYNTH_MS = 120_000;

describe('the deployment', () => {
  const context = { vtepwatch: [DEMO] };
  const EVERYTHING = {
    name: 'p'.repeat(63),
    tags: { vtepwatch: ['prod', 'edge'], team: 'network' },
    region: 'eu-central-1',
    kubeconfigParameter: '/demo/kubeconfig',
    telemetry: { endpoint: 'https://otlp.example.com', headersParameter: '/demo/otlp' },
    paging: { emails: ['oncall@example.com'] },
    alarmEmails: ['platform@example.com'],
    vpc: {
      subnetIds: ['subnet-0123456789abcdef0'],
      securityGroupIds: ['sg-0123456789abcdef0'],
    },
  };

  test('with everything set passes every check', { timeout: SYNTH_MS }, () => {
    const app = createDeployment(ASSET, {
      outdir: folder(),
      context: { vtepwatch: [EVERYTHING] },
    });
    expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual([
      `Vtepwatch-${EVERYTHING.name}`,
    ]);
  });

  const mutant = (mutate: (stack: IConstruct) => IConstruct): (() => void) => {
    const app = createDeployment(ASSET, { outdir: folder(), context });
    mutate(app.node.findChild('Vtepwatch-demo'));
    return () => app.synth();
  };

  test('fails where SendCommand is ever allowed on everything', { timeout: SYNTH_MS }, () => {
    const synth = mutant(
      (stack) =>
        new Policy(stack, 'Mutant', {
          roles: [Role.fromRoleName(stack, 'Somebody', 'somebody')],
          statements: [new PolicyStatement({ actions: [SEND], resources: ['*'] })],
        }),
    );
    expect(synth).toThrow('ssm:SendCommand is allowed on "*"');
  });

  test('fails where CloudFormation would refuse the template', { timeout: SYNTH_MS }, () => {
    const properties = { Colour: 'red' };
    const synth = mutant(
      (stack) => new CfnResource(stack, 'Mutant', { type: 'AWS::SSM::Document', properties }),
    );
    expect(synth).toThrow('Colour');
  });

  test('fails where a topic takes what comes in the clear', { timeout: SYNTH_MS }, () => {
    const synth = mutant((stack) => new Topic(stack, 'Mutant'));
    expect(synth).toThrow('AwsSolutions-SNS3');
  });
});
