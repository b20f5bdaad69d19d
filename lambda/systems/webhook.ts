import { createHash, createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import { webAddressSchema } from '../../shared/contract/settings.ts';
import {
  WEBHOOK_HEADERS,
  WEBHOOK_SECRET,
  type WebhookDocument,
} from '../../shared/contract/webhook.ts';
import type { Page } from '../../shared/core/page/page.ts';
import { formatTime } from '../../shared/core/time.ts';
import type { Deadline } from '../deadline.ts';
import type { HttpCaller } from './http-call.ts';
import {
  type DeliveryResult,
  isNotTaken,
  isRefusal,
  type PageChannel,
  TAKEN,
} from './page-channel.ts';
import type { CachedSecret } from './secrets.ts';

/** The URL of a webhook, and the secret that signs its documents. */
interface Webhook {
  readonly url: string;
  readonly secret?: string | undefined;
}

/** A webhook, or a SecureString with its URL alone or with JSON of URL and secret. */
type WebhookAddress = Webhook | CachedSecret;

/**
 * Posts pages as JSON (`shared/contract/webhook.ts`). Problems quote only the status of an answer: many
 * receivers repeat the path that was called, and the path may be the secret.
 */
export function webhookChannel(
  cluster: string,
  address: WebhookAddress,
  call: HttpCaller,
): PageChannel {
  return {
    name: 'webhook',
    deliver: async (page, deadline) => {
      const webhook = await addressOf(address, deadline);
      if (webhook === undefined) return refused(address, MALFORMED);
      const body = JSON.stringify(documentOf(cluster, page));
      const headers = {
        'content-type': 'application/json',
        ...headersOf(webhook, body, deadline.clock.now()),
      };
      const { url } = webhook;
      const { status } = await call({ method: 'POST', url, headers, body }, deadline);
      if (status >= 200 && status < 300) return TAKEN;
      const reason = `answered ${status}`;
      if (isNotTaken(status)) return { kind: 'not-taken', reason };
      if (!isRefusal(status)) throw new Error(reason);
      return refused(address, reason);
    },
  };
}

const MALFORMED =
  'its parameter is neither an http or https URL nor JSON {"url":"https://...","secret":"whsec_..."}';

function refused(address: WebhookAddress, reason: string): DeliveryResult {
  if ('forget' in address) address.forget();
  return { kind: 'refused', reason };
}

const signedSchema = z.strictObject({
  url: webAddressSchema,
  secret: z.string().check(z.regex(WEBHOOK_SECRET)),
});

async function addressOf(
  address: WebhookAddress,
  deadline: Deadline,
): Promise<Webhook | undefined> {
  if ('url' in address) return address;
  const text = await address.read(deadline);
  if (webAddressSchema.safeParse(text).success) return { url: text };
  try {
    return signedSchema.parse(JSON.parse(text));
  } catch {
    // The error itself could quote the secret.
    return undefined;
  }
}

function documentOf(cluster: string, page: Page): WebhookDocument {
  const { key, kind, severity, cause, at, subject, text, details } = page;
  return {
    version: 1,
    cluster,
    key,
    kind,
    severity,
    cause,
    at: formatTime(at),
    summary: subject,
    text,
    details,
  };
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function headersOf(
  { secret }: Webhook,
  body: string,
  now: number,
): Readonly<Record<string, string>> {
  const id = `msg_${createHash('sha256').update(body).digest('base64url')}`;
  const timestamp = String(Math.floor(now / 1000));
  const stamped = { [WEBHOOK_HEADERS.id]: id, [WEBHOOK_HEADERS.timestamp]: timestamp };
  if (secret === undefined) return stamped;
  const signature = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  return { ...stamped, [WEBHOOK_HEADERS.signature]: `v1,${signature}` };
}
