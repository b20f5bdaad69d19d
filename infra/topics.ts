import { Annotations, ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Cluster } from './cluster.ts';

export interface Topics {
  /** The function publishes pages to it. */
  readonly pages: ITopic;
  /** Alarms about vtepwatch itself go to it. It needs no function. */
  readonly alarms: ITopic;
  /** Further topics for the alarms. */
  readonly furtherAlarms: readonly ITopic[];
  readonly key: IKey;
}

/**
 * Two topics, encrypted with one key. CloudWatch must be allowed to use this key, and the policy of
 * the account's `aws/sns` key cannot be changed, so the stack has a key of its own, or takes one whose
 * policy allows it. Without that permission alarms are dropped silently.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export function createTopics(scope: Construct, cluster: Cluster): Topics {
  const { name, paging, alarmEmails, alarmUrls, topicKeyArn, alarmTopicArns } = cluster;
  const key =
    topicKeyArn === undefined
      ? createKey(scope, name)
      : Key.fromKeyArn(scope, 'TopicKey', topicKeyArn);
  const pages =
    paging.topicArn === undefined
      ? createTopic(scope, 'Pages', { key, title: `vtepwatch ${name}` })
      : Topic.fromTopicArn(scope, 'Pages', paging.topicArn);
  const alarms = createTopic(scope, 'Alarms', {
    key,
    title: `vtepwatch ${name}: alarms`,
  });
  for (const email of paging.emails) pages.addSubscription(new EmailSubscription(email));
  for (const email of alarmEmails) alarms.addSubscription(new EmailSubscription(email));
  for (const url of alarmUrls) {
    alarms.addSubscription(new UrlSubscription(url, { protocol: SubscriptionProtocol.HTTPS }));
  }
  warnOfOneWay(scope, cluster);
  letAlarmsPublish(alarms, key);
  const furtherAlarms = alarmTopicArns.map((arn, at) =>
    Topic.fromTopicArn(scope, `AlarmTopic${at}`, arn),
  );
  return { pages, alarms, furtherAlarms, key };
}

/**
 * The alarms are how people learn that nothing monitors the cluster. A mail can be filtered, and a mail
 * scanner that follows links unsubscribes an address, so they need a second way.
 */
function warnOfOneWay(scope: Construct, cluster: Cluster): void {
  const { alarmEmails, alarmUrls, alarmTopicArns, heartbeatUrl } = cluster;
  if (alarmUrls.length > 0 || alarmTopicArns.length > 0 || heartbeatUrl !== undefined) return;
  const now = alarmEmails.length > 0 ? 'by e-mail alone' : 'nobody, unless somebody subscribes';
  Annotations.of(scope).addWarningV2(
    'vtepwatch:alarms-one-way',
    `${cluster.name}: alarms that vtepwatch itself has failed reach ${now}. Set alarmUrls, alarmTopicArns or heartbeatUrl: docs/paging.md, "Alarms about vtepwatch".`,
  );
}

function createKey(scope: Construct, name: string): Key {
  return new Key(scope, 'TopicKey', {
    description: `vtepwatch ${name}: encrypts pages and alarms in SNS`,
    enableKeyRotation: true,
    // Nothing that is stored needs it.
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

function createTopic(
  scope: Construct,
  id: string,
  { key, title }: { readonly key: IKey; readonly title: string },
): Topic {
  return new Topic(scope, id, { masterKey: key, displayName: title, enforceSSL: true });
}

/**
 * By default alarms of the account may publish. A topic with a policy of its own, such as the one that
 * enforces TLS, has lost that default.
 */
function letAlarmsPublish(topic: Topic, key: IKey): void {
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
