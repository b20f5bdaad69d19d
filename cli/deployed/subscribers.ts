import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientConfig } from './client-config.ts';
import { trouble } from './trouble.ts';

/** How many subscriptions of the topic are confirmed: only these receive pages. */
export async function countSubscribers(
  topicArn: string,
  region: string | undefined,
): Promise<number> {
  const client = new SNSClient(clientConfig(region));
  try {
    const { Attributes } = await client.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    return Number(Attributes?.['SubscriptionsConfirmed'] ?? 0);
  } catch (error) {
    throw trouble('counting the subscriptions of the topic', error);
  } finally {
    client.destroy();
  }
}
