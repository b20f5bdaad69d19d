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
    const app = createDeployment({
      asset: ASSET,
      app: { outdir: folder(), context: { vtepwatch: [EVERYTHING] } },
    });
    expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual([
      `Vtepwatch-${EVERYTHING.name}`,
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
