import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Cluster } from './cluster.ts';

export interface Topics {
  /** What the function pages to. */
  readonly pages: Topic;
  /** What the alarms of the watch itself go to: it works when the function does not. */
  readonly alarms: Topic;
  readonly key: Key;
}

/**
 * Two topics under one key. It is a key of the stack's own because CloudWatch must be let use it,
 * and the policy of the account's `aws/sns` key cannot be changed: alarms would be dropped in
 * silence. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export function createTopics(scope: Construct, { name, paging, alarmEmails }: Cluster): Topics {
  const key = new Key(scope, 'TopicKey', {
    description: `vtepwatch ${name}: pages and alarms on their way`,
    enableKeyRotation: true,
    // Nothing is kept under it.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const pages = createTopic(scope, 'Pages', { key, title: `vtepwatch ${name}` });
  const alarms = createTopic(scope, 'Alarms', {
    key,
    title: `vtepwatch ${name}: the watch itself`,
  });
  for (const email of paging.emails) pages.addSubscription(new EmailSubscription(email));
  for (const email of alarmEmails) alarms.addSubscription(new EmailSubscription(email));
  letAlarmsPublish(alarms, key);
  return { pages, alarms, key };
}

function createTopic(
  scope: Construct,
  id: string,
  { key, title }: { readonly key: Key; readonly title: string },
): Topic {
  return new Topic(scope, id, { masterKey: key, displayName: title, enforceSSL: true });
}

/** A topic that has a policy at all has lost the one that let the account's own alarms publish. */
function letAlarmsPublish(topic: Topic, key: Key): void {
  const stack = Stack.of(topic);
  const cloudWatch = {
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: {
        'aws:SourceArn': stack.formatArn({
          service: 'cloudwatch',
          resource: 'alarm',
          resourceName: '*',
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      },
    },
  };
  topic.addToResourcePolicy(
    new PolicyStatement({ ...cloudWatch, actions: ['sns:Publish'], resources: [topic.topicArn] }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      ...cloudWatch,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
    }),
  );
}
