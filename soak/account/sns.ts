import * as z from 'zod/mini';
import type { Service } from './in-process.ts';

/** A page, as its receiver sees it. */
export interface PublishedPage {
  readonly key: string;
  readonly kind: 'opened' | 'worsened' | 'resolved';
  readonly subject: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

const pageSchema = z.object({
  key: z.string(),
  kind: z.enum(['opened', 'worsened', 'resolved']),
});

/** The page that a call of `Publish` carries, in the query protocol. */
function publishedPage(body: string, at: number): PublishedPage {
  const form = new URLSearchParams(body);
  const attributes = Object.fromEntries(
    [...form].flatMap(([field, name]) => {
      const place = /^(MessageAttributes\.entry\.\d+)\.Name$/.exec(field)?.[1];
      return place === undefined ? [] : [[name, form.get(`${place}.Value.StringValue`)]];
    }),
  );
  return {
    ...pageSchema.parse(attributes),
    subject: form.get('Subject') ?? '',
    text: wholeText(form.get('Message') ?? '', form.get('MessageStructure')),
    at,
  };
}

/** What mail gets, where other protocols get another text. */
function wholeText(message: string, structure: string | null): string {
  return structure === 'json' ? structureSchema.parse(JSON.parse(message)).default : message;
}

const structureSchema = z.object({ default: z.string() });

const PUBLISHED =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>' +
  '<MessageId>00000000-0000-4000-8000-000000000000</MessageId></PublishResult>' +
  '<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>' +
  '</PublishResponse>';

/** A topic that hands each page to its only reader. `now` in epoch milliseconds. */
export function topic(now: () => number, publish: (page: PublishedPage) => void): Service {
  return {
    name: 'sns',
    answer: ({ body }) => {
      publish(publishedPage(body, now()));
      return PUBLISHED;
    },
    refusal: (type) =>
      `<ErrorResponse><Error><Type>Sender</Type><Code>${type}</Code><Message>${type}</Message></Error></ErrorResponse>`,
  };
}
