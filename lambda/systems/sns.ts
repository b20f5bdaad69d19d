import { PublishCommand, type SNSClient, SNSServiceException } from '@aws-sdk/client-sns';
import { abortAt } from '../deadline.ts';
import { errorText } from '../error-text.ts';
import { isRefusal, type PageRoute, TAKEN } from './page-route.ts';
import { withinBytes } from './within-bytes.ts';

/** What SNS takes in one message, its attributes included, in bytes. */
const MESSAGE_BYTES = 256 * 1024;

/** Kept free of it for names, types and values of the attributes, of which the key is the longest. */
const ATTRIBUTES_BYTES = 4096;

export function snsRoute(client: SNSClient, topicArn: string): PageRoute {
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

/** A throttled key of the topic's is told with the status of a client's mistake. */
function refuses(error: unknown): boolean {
  return (
    error instanceof SNSServiceException &&
    isRefusal(error.$metadata.httpStatusCode ?? 0) &&
    !error.name.includes('Throttl')
  );
}
