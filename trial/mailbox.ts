import { type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { trouble } from '../cli/deployed/trouble.ts';
import { printable } from '../shared/core/plain-text.ts';
import type { Step } from './diary.ts';
import { linesOf } from './lines.ts';

/** A page as a subscriber gets it. */
export interface Page {
  /** When SNS took it, ISO 8601. */
  readonly at: string;
  readonly subject: string;
  readonly text: readonly string[];
  /** `opened`, `resolved` and so on. */
  readonly kind: string;
  readonly key: string;
}

const attribute = z.object({ Value: z.string() });

const envelopeSchema = z.object({
  Subject: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  MessageAttributes: z.object({ kind: attribute, key: attribute }),
});

export async function subscribe(
  client: SNSClient,
  { topicArn, queueArn }: { readonly topicArn: string; readonly queueArn: string },
  { signal }: Step,
): Promise<void> {
  const request = new SubscribeCommand({
    TopicArn: topicArn,
    Protocol: 'sqs',
    Endpoint: queueArn,
    ReturnSubscriptionArn: true,
  });
  await client.send(request, { abortSignal: signal }).catch((error: unknown) => {
    throw trouble('subscribing the queue to the topic', error);
  });
}

/** The longest that SQS lets a call wait for a message. */
const WAIT_SECONDS = 5;

/** The pages that have come since the last call, in the order of their coming. */
export async function newPages(
  client: SQSClient,
  queueUrl: string,
  signal: AbortSignal,
): Promise<readonly Page[]> {
  const request = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: WAIT_SECONDS,
  });
  try {
    const { Messages = [] } = await client.send(request, { abortSignal: signal });
    for (const { ReceiptHandle } of Messages) {
      const done = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle });
      await client.send(done, { abortSignal: signal });
    }
    return Messages.flatMap(({ Body = '' }) => pageIn(Body));
  } catch (error) {
    throw trouble('reading the queue', error);
  }
}

/** Nothing for what is no page, such as a test page of another version. */
export function pageIn(body: string): readonly Page[] {
  const envelope = envelopeSchema.safeParse(parsed(body));
  if (!envelope.success) return [];
  const { Subject, Message, Timestamp, MessageAttributes } = envelope.data;
  return [
    {
      at: Timestamp,
      subject: printable(Subject),
      text: linesOf(Message),
      kind: MessageAttributes.kind.Value,
      key: MessageAttributes.key.Value,
    },
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
