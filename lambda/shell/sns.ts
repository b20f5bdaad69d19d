import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Page } from '../../shared/core/page/page.ts';
import { abortAt, type Deadline } from '../deadline.ts';

/** A way by which pages reach people. */
export interface PageRoute {
  readonly name: string;
  /** Throws where the page was not taken. */
  deliver(page: Page, deadline: Deadline): Promise<void>;
}

/** What SNS takes in one message, its attributes included, in bytes. */
const MESSAGE_BYTES = 256 * 1024;

/** Kept free of it for names, types and values of the attributes, of which the key is the longest. */
const ATTRIBUTES_BYTES = 4096;

export function snsRoute(client: SNSClient, topicArn: string): PageRoute {
  return {
    name: 'sns',
    deliver: async (page, deadline) => {
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: page.subject,
          Message: withinBytes(page.text, MESSAGE_BYTES - ATTRIBUTES_BYTES),
          MessageAttributes: {
            key: { DataType: 'String', StringValue: page.key },
            kind: { DataType: 'String', StringValue: page.kind },
            severity: { DataType: 'String', StringValue: page.severity },
          },
        }),
        { abortSignal: abortAt(deadline) },
      );
    },
  };
}

/** Cut between characters, so that the message stays well-formed. */
function withinBytes(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= bytes) return text;
  return new TextDecoder().decode(encoded.slice(0, bytes)).replace(/\u{fffd}*$/u, '');
}
