import { PublishCommand, type SNSClient, SNSServiceException } from '@aws-sdk/client-sns';
import { abortAt } from '../deadline.ts';
import { errorText } from '../error-text.ts';
import { isRefusal, type PageChannel, TAKEN } from './page-channel.ts';
import { withinBytes } from './within-bytes.ts';

/** The most that SNS takes in one message, with its attributes, in bytes. */
const MESSAGE_BYTES = 256 * 1024;

/** Reserved for the attributes' names, types and values. The key is the longest of them. */
const ATTRIBUTES_BYTES = 4096;

export function snsChannel(client: SNSClient, topicArn: string): PageChannel {
  return {
    name: 'sns',
    deliver: async (page, deadline) => {
      const publish = new PublishCommand({
        TopicArn: topicArn,
        Subject: page.subject,
        Message: withinBytes(page.text, MESSAGE_BYTES - ATTRIBUTES_BYTES),
        MessageAttributes: {
          key: { DataType: 'String', StringValue: page.key },
          kind: { DataType: 'String', StringValue: page.kind },
          severity: { DataType: 'String', StringValue: page.severity },
        },
      });
      try {
        await client.send(publish, { abortSignal: abortAt(deadline) });
        return TAKEN;
      } catch (error) {
        if (refuses(error)) return { kind: 'refused', reason: errorText(error) };
        throw error;
      }
    },
  };
}

/** Whether another try would fail as well. SNS reports a throttled key with a status of 400, too. */
function refuses(error: unknown): boolean {
  return (
    error instanceof SNSServiceException &&
    isRefusal(error.$metadata.httpStatusCode ?? 0) &&
    !error.name.includes('Throttl')
  );
}
