import {
  GetTopicAttributesCommand,
  PublishCommand,
  SNSClient,
  type SNSClientConfig,
  SNSServiceException,
} from '@aws-sdk/client-sns';
import type { Page } from '../../shared/core/page/page.ts';
import { abortAt, type Deadline, within } from '../deadline.ts';
import { errorText } from '../error-text.ts';
import { log } from './log.ts';
import { PROXY } from './outside.ts';
import {
  type DeliveryResult,
  isNotTaken,
  isRefusal,
  isUnsent,
  type PageChannel,
  TAKEN,
} from './page-channel.ts';
import { withinBytes } from './within-bytes.ts';

/** The most that SNS takes in one message, with its attributes, in bytes. */
const MESSAGE_BYTES = 256 * 1024;

/** Reserved for the attributes' names, types and values. The key is the longest of them. */
const ATTRIBUTES_BYTES = 4096;

/**
 * A client that publishes once and on a connection of its own. SNS does not recognise a page that it has
 * taken already, so a second try within the call would be a second mail; and a connection that was kept
 * would be dead after the function was frozen, so that only a second try arrives.
 */
export function snsClient({ requestHandler, ...config }: SNSClientConfig): SNSClient {
  const ownConnection = { keepAlive: false, ...PROXY };
  return new SNSClient({
    ...config,
    maxAttempts: 1,
    requestHandler: { ...requestHandler, httpAgent: ownConnection, httpsAgent: ownConnection },
  });
}

/** How long the service may take to say who has subscribed. */
const SUBSCRIBERS_MS = 2000;

export function snsChannel(client: SNSClient, topicArn: string): PageChannel {
  return {
    name: 'sns',
    deliver: async (page, deadline) => {
      const publish = new PublishCommand({
        TopicArn: topicArn,
        Subject: page.subject,
        ...messageOf(page),
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
        const kind = failureOf(error);
        if (kind === 'unknown') throw error;
        return { kind, reason: errorText(error) };
      }
    },
    subscribers: async (deadline) => await countConfirmed(client, topicArn, deadline),
  };
}

/**
 * People who subscribed by SMS get one short message, everybody else the whole page. A structure with
 * more protocols would be bounced where one of them is not for this topic.
 */
function messageOf({ text, sms }: Page) {
  const whole = withinBytes(text, MESSAGE_BYTES - ATTRIBUTES_BYTES);
  return sms === undefined
    ? { Message: whole }
    : { Message: JSON.stringify({ default: whole, sms }), MessageStructure: 'json' };
}

/** Only confirmed subscriptions receive pages. */
async function countConfirmed(
  client: SNSClient,
  topicArn: string,
  deadline: Deadline,
): Promise<number | undefined> {
  try {
    const { Attributes } = await client.send(
      new GetTopicAttributesCommand({ TopicArn: topicArn }),
      {
        abortSignal: abortAt(within(SUBSCRIBERS_MS, deadline)),
      },
    );
    const confirmed = Attributes?.['SubscriptionsConfirmed'];
    return confirmed === undefined ? undefined : Number(confirmed);
  } catch (error) {
    log('subscribers.unknown', { topic: topicArn, error: errorText(error) });
    return undefined;
  }
}

/** What an error says of the page. SNS reports a throttled key with a status of 400, too. */
function failureOf(error: unknown): Exclude<DeliveryResult['kind'], 'taken'> | 'unknown' {
  if (!(error instanceof SNSServiceException)) return isUnsent(error) ? 'not-taken' : 'unknown';
  const status = error.$metadata.httpStatusCode ?? 0;
  if (error.name.includes('Throttl') || isNotTaken(status)) return 'not-taken';
  return isRefusal(status) ? 'refused' : 'unknown';
}
