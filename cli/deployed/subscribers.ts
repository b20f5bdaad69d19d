import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientConfig } from './client-config.ts';
import { trouble } from './trouble.ts';

/** How many subscriptions of the topic are confirmed: only these are sent pages. */
export async function countSubscribers(
  topicArn: string,
  region: string | undefined,
): Promise<number> {
  const client = new SNSClient(clientConfig(region));
  try {
    const { Attributes } = await client.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    return Number(Attributes?.['SubscriptionsConfirmed'] ?? 0);
  } catch (error) {
    throw trouble('looking who has subscribed to the topic', error);
  } finally {
    client.destroy();
  }
}
