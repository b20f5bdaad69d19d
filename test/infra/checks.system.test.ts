import { CfnResource } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { createDeployment } from '../../infra/deployment.ts';
import { ASSET, DEMO, folder } from './support/deployed.ts';

const SEND = 'ssm:SendCommand';

/** A synthesis compiles all rules anew. */
const SYNTH_MS = 120_000;

describe('the deployment', () => {
  const context = { vtepwatch: [DEMO] };
  const EVERYTHING = {
    name: 'p'.repeat(63),
    tags: { vtepwatch: ['prod', 'edge'], team: 'network' },
    account: '111122223333',
    region: 'eu-central-1',
    resourceTags: { team: 'platform' },
    operators: true,
    logRetentionDays: 365,
    topicKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    tableKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    logKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    alarmTopicArns: ['arn:aws:sns:eu-central-1:111122223333:incidents'],
    permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
    network: { httpsProxy: 'http://proxy.internal:3128', noProxy: '.internal' },
    kubeconfigParameter: '/aws/reference/secretsmanager/demo/kubeconfig',
    telemetry: { endpoint: 'https://otlp.example.com', headersParameter: '/demo/otlp' },
    paging: {
      emails: ['oncall@example.com'],
      topicArn: 'arn:aws:sns:eu-central-1:111122223333:oncall',
    },
    alarmEmails: ['platform@example.com'],
    vpc: {
      subnetIds: ['subnet-0123456789abcdef0'],
      securityGroupIds: ['sg-0123456789abcdef0'],
    },
  };

  test('with everything set passes every check', { timeout: SYNTH_MS }, () => {
    const app = createDeployment({
      asset: ASSET,
      app: { outdir: folder(), context: { vtepwatch: [EVERYTHING] } },
    });
    expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual([
      `Vtepwatch-${EVERYTHING.name}`,
      `VtepwatchOperators-${EVERYTHING.name}`,
    ]);
  });

  test('has a stack of one name in each Region', { timeout: SYNTH_MS }, () => {
    const clusters = ['eu-central-1', 'us-east-1'].map((region) => ({ ...DEMO, region }));
    const { stacks } = createDeployment({
      asset: ASSET,
      clusters,
      app: { outdir: folder() },
    }).synth();
    expect(stacks.map(({ stackName, environment }) => [stackName, environment.region])).toEqual([
      ['Vtepwatch-demo', 'eu-central-1'],
      ['Vtepwatch-demo', 'us-east-1'],
    ]);
  });

  const mutant = (mutate: (stack: IConstruct) => IConstruct): (() => void) => {
    const app = createDeployment({ asset: ASSET, app: { outdir: folder(), context } });
    mutate(app.node.findChild('Vtepwatch-demo'));
    return () => app.synth();
  };

  test('fails where a role of somebody else gets a policy', { timeout: SYNTH_MS }, () => {
    const synth = mutant(
      (stack) =>
        new Policy(stack, 'Mutant', {
          roles: [Role.fromRoleName(stack, 'Somebody', 'somebody')],
          statements: [new PolicyStatement({ actions: [SEND], resources: ['*'] })],
        }),
    );
    expect(synth).toThrow('the role "somebody" is not of this stack');
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
