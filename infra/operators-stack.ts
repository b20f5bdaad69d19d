import { ArnFormat, CfnOutput, Fn, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  OPERATORS_OUTPUTS,
  operatorsStackNameOf,
  OUTPUTS,
  stackNameOf,
} from '../shared/contract/deployment.ts';
import type { Cluster } from './cluster.ts';
import { acknowledgeWildcards, readAnswers, sendCommand } from './permissions.ts';
import { createProbeDocument } from './probe-document.ts';

interface OperatorsStackProps extends StackProps {
  readonly cluster: Cluster;
}

/**
 * What people use, apart from what the function uses: a document of their own with the same script, and
 * a managed policy that lets its holders run this document on the cluster's hosts, and the function. It
 * is attached to nobody.
 */
export class OperatorsStack extends Stack {
  constructor(scope: Construct, id: string, { cluster, ...props }: OperatorsStackProps) {
    super(scope, id, {
      ...props,
      stackName: operatorsStackNameOf(cluster.name),
      description: `vtepwatch: what people use to check ${cluster.name}`,
    });
    const document = createProbeDocument(this, 'Probe', cluster);
    const stacks = [stackNameOf(cluster.name), operatorsStackNameOf(cluster.name)];
    const policy = new ManagedPolicy(this, 'Operators', {
      description: `vtepwatch ${cluster.name}: runs checks, and reads hosts with the tags of the cluster`,
      statements: [
        ...sendCommand(this, cluster, document),
        readAnswers(),
        new PolicyStatement({
          sid: 'ReadThisDocument',
          actions: ['ssm:DescribeDocument', 'ssm:GetDocument'],
          resources: [
            this.formatArn({ service: 'ssm', resource: 'document', resourceName: document.ref }),
          ],
        }),
        new PolicyStatement({
          sid: 'FindStacks',
          actions: ['cloudformation:DescribeStacks'],
          resources: stacks.map((name) =>
            this.formatArn({
              service: 'cloudformation',
              resource: 'stack',
              resourceName: `${name}/*`,
            }),
          ),
        }),
        new PolicyStatement({
          sid: 'RunCheck',
          actions: ['lambda:InvokeFunction'],
          resources: [
            this.formatArn({
              service: 'lambda',
              resource: 'function',
              // The cluster's stack can change without this one.
              resourceName: Fn.getStackOutput(stackNameOf(cluster.name), OUTPUTS.functionName),
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          ],
        }),
      ],
    });
    acknowledgeWildcards(policy, stacks);
    for (const [key, value] of Object.entries(cluster.resourceTags)) Tags.of(this).add(key, value);
    new CfnOutput(this, OPERATORS_OUTPUTS.documentName, { value: document.ref });
    new CfnOutput(this, OPERATORS_OUTPUTS.policyArn, { value: policy.managedPolicyArn });
  }
}
