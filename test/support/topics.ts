import { onTestFinished } from 'vitest';
import { type Sns, startSns } from '../../lab/aws/sns.ts';
import type { PageChannel } from '../../lambda/systems/page-channel.ts';
import { snsChannel, snsClient } from '../../lambda/systems/sns.ts';

/** A topic of the lab with one subscriber, and the function's channel to it, until the test ends. */
export async function openTopic(): Promise<{ readonly sns: Sns; readonly channel: PageChannel }> {
  const sns = await startSns();
  onTestFinished(() => sns.close());
  const client = snsClient({
    endpoint: sns.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => client.destroy());
  return { sns, channel: snsChannel(client, sns.topicArn) };
}
