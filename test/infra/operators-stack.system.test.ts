import { App, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import type { ClusterSettings } from '../../infra/cluster.ts';
import { createDeployment } from '../../infra/deployment.ts';
import { refusalsOf } from '../../infra/guard/guard.ts';
import { ownScript } from '../../infra/own-script.ts';
import { VtepWatch } from '../../infra/vtep-watch.ts';
import { ASSET, DEMO, folder, reading } from './support/deployed.ts';

/** A synthesis compiles all rules anew. */
const SLOW = { timeout: 120_000 };

const SCRIPT = ownScript();

const CLUSTER: ClusterSettings = { ...DEMO, packets: false, operators: true };

function synthesised(): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const app = createDeployment({
    asset: ASSET,
    app: { outdir: folder(), context: { vtepwatch: [CLUSTER] } },
  });
  return new Map(app.synth().stacks.map(({ stackName, template }) => [stackName, template]));
}

describe('what people use', SLOW, () => {
  const stacks = synthesised();
  const cluster = stacks.get('Vtepwatch-demo');
  const operators = stacks.get('VtepwatchOperators-demo');
  const [policyId = '', policy] = resourceOf('AWS::IAM::ManagedPolicy');

  function resourceOf(type: string) {
    const resources = Object.entries<Resource>(Object(operators?.['Resources']));
    return resources.find(([, { Type }]) => Type === type) ?? [];
  }

  test('is a document and a policy, in a stack of its own', () => {
    const resources = Object.values<Resource>(Object(operators?.['Resources']));
    expect(resources.map(({ Type }) => Type).toSorted()).toEqual([
      'AWS::IAM::ManagedPolicy',
      'AWS::SSM::Document',
    ]);
    expect(Object.keys(Object(operators?.['Outputs'])).toSorted()).toEqual([
      'DocumentName',
      'PolicyArn',
    ]);
  });

  test('has the script and the settings of the cluster', () => {
    const [, document] = resourceOf('AWS::SSM::Document');
    const own = Object.values<Resource>(Object(cluster?.['Resources'])).find(
      ({ Type }) => Type === 'AWS::SSM::Document',
    );
    expect(document?.Properties).toEqual(own?.Properties);
  });

  test('lets its holders run this document on the hosts of the cluster, and the function', () => {
    const statements = Object(reading(policy?.Properties)).PolicyDocument.Statement;
    const account = '{AWS::Region}:{AWS::AccountId}';
    const arn = (service: string, rest: string): string =>
      `arn:{AWS::Partition}:${service}:${account}:${rest}`;
    expect(statements).toMatchObject([
      {
        Sid: 'SendThisDocument',
        Action: 'ssm:SendCommand',
        Resource: arn('ssm', 'document/{Probe}'),
      },
      {
        Sid: 'ToTaggedHosts',
        Action: 'ssm:SendCommand',
        Resource: [arn('ec2', 'instance/*'), arn('ssm', 'managed-instance/*')],
        Condition: { StringEquals: { 'ssm:resourceTag/vtepwatch': 'demo' } },
      },
      { Sid: 'ReadAnswers', Resource: '*' },
      { Sid: 'ReadThisDocument', Resource: arn('ssm', 'document/{Probe}') },
      {
        Sid: 'FindStacks',
        Action: 'cloudformation:DescribeStacks',
        Resource: [
          arn('cloudformation', 'stack/Vtepwatch-demo/*'),
          arn('cloudformation', 'stack/VtepwatchOperators-demo/*'),
        ],
      },
      { Sid: 'RunCheck', Action: 'lambda:InvokeFunction' },
    ]);
    expect(JSON.stringify(policy)).toContain(
      '"Fn::GetStackOutput":{"StackName":"Vtepwatch-demo","OutputName":"FunctionName"}',
    );
    expect(Object(policy?.Properties)).not.toHaveProperty('Roles');
  });

  /** What is held against the operators' stack with another policy in place of its own. */
  const against = (properties: object): readonly string[] => {
    const Resources = {
      ...Object(operators?.['Resources']),
      [policyId]: { Type: 'AWS::IAM::ManagedPolicy', Properties: properties },
    };
    const tags = [{ vtepwatch: ['demo'] }];
    return refusalsOf({ ...operators, Resources }, SCRIPT, tags).map(({ reason }) => reason);
  };

  const allowing = (statement: object, more: object = {}): object => ({
    PolicyDocument: { Version: '2012-10-17', Statement: { Effect: 'Allow', ...statement } },
    ...more,
  });

  const HOSTS = 'arn:aws:ec2:eu-central-1:111122223333:instance/*';
  const tagged = (value: string): object => ({
    StringEquals: { 'ssm:resourceTag/vtepwatch': value },
  });

  test('the guard takes its policy, and hosts of a cluster of the app', () => {
    expect(against(Object(policy?.Properties))).toEqual([]);
    const statement = { Action: 'ssm:SendCommand', Resource: HOSTS, Condition: tagged('demo') };
    expect(against(allowing(statement))).toEqual([]);
  });

  test.for<[string, object, string]>([
    [
      'another document',
      allowing({
        Action: 'ssm:SendCommand',
        Resource: 'arn:aws:ssm:eu-central-1::document/AWS-RunShellScript',
      }),
      'ssm:SendCommand is allowed on ',
    ],
    [
      'all hosts',
      allowing({ Action: 'ssm:SendCommand', Resource: HOSTS }),
      'ssm:SendCommand is allowed on ',
    ],
    [
      'hosts of no cluster of the app',
      allowing({ Action: 'ssm:SendCommand', Resource: HOSTS, Condition: tagged('other') }),
      'ssm:SendCommand is allowed on ',
    ],
    [
      'another function',
      allowing({ Action: 'lambda:InvokeFunction', Resource: '*' }),
      'lambda:InvokeFunction is allowed on "*"',
    ],
    [
      'another action',
      allowing({ Action: 'ssm:CreateDocument', Resource: '*' }),
      'ssm:CreateDocument is allowed on "*"',
    ],
    ['all actions but some', allowing({ NotAction: 's3:*', Resource: '*' }), 'a statement that'],
    [
      'a role that has it already',
      allowing({ Action: 'ssm:ListCommands', Resource: '*' }, { Roles: ['admin'] }),
      'the policy is attached to Roles',
    ],
  ])('the guard refuses %s', ([, properties, reason]) => {
    expect(against(properties)).toEqual([expect.stringContaining(reason)]);
  });

  test('the guard refuses anything that runs beside it', () => {
    const Resources = { ...Object(operators?.['Resources']), More: { Type: 'AWS::Events::Rule' } };
    expect(refusalsOf({ ...operators, Resources }, SCRIPT)).toContainEqual({
      resource: 'More',
      reason: "AWS::Events::Rule is not on the list of the operators' stack",
    });
  });
});

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

test('without the setting there is no such stack', SLOW, () => {
  const app = createDeployment({
    asset: ASSET,
    app: { outdir: folder(), context: { vtepwatch: [DEMO] } },
  });
  expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual(['Vtepwatch-demo']);
});

test('the construct alone has no place for it, and says so', () => {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Mine');
  expect(() => new VtepWatch(stack, 'Watch', { ...CLUSTER, asset: ASSET })).toThrow(
    'Watch: operators needs a stack of its own: use ClusterStack',
  );
});
