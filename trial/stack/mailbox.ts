import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { stackNameOf } from '../../shared/contract/deployment.ts';

/** A queue that topics of the trial's vtepwatch may send to: it receives pages as people would. */
export function createMailbox(scope: Construct, name: string): CfnQueue {
  const stack = Stack.of(scope);
  const queue = new CfnQueue(scope, 'Pages', {
    messageRetentionPeriod: Duration.days(1).toSeconds(),
    sqsManagedSseEnabled: true,
  });
  const topics = stack.formatArn({
    service: 'sns',
    resource: `${stackNameOf(name)}-*`,
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  });
  new CfnQueuePolicy(scope, 'PagesPolicy', {
    queues: [queue.ref],
    policyDocument: new PolicyDocument({
      statements: [
        new PolicyStatement({
          principals: [new ServicePrincipal('sns.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [queue.attrArn],
          conditions: { ArnLike: { 'aws:SourceArn': topics } },
        }),
      ],
    }),
  });
  return queue;
}
