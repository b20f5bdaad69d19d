import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Page } from '../../shared/core/page/page.ts';
import { printable, shorten } from '../../shared/core/plain-text.ts';
import { formatTime } from '../../shared/core/time.ts';
import type { HttpCaller } from './http-call.ts';
import { isRefusal, type PageChannel, TAKEN } from './page-route.ts';
import type { HeldSecret } from './secrets.ts';
import { withinBytes } from './within-bytes.ts';

/**
 * PagerDuty's Events API v2: an incident's key is its dedup key, so that what opens it, worsens it
 * and resolves it is one alert there. https://developer.pagerduty.com/docs/send-alert-event
 */
export function pagerDutyChannel(
  {
    cluster,
    url,
    routingKey,
  }: {
    readonly cluster: string;
    readonly url: string;
    readonly routingKey: HeldSecret;
  },
  call: HttpCaller,
): PageChannel {
  return {
    name: 'pagerduty',
    deliver: async (page, deadline) => {
      const secret = await routingKey.read(deadline);
      const headers = { 'content-type': 'application/json' };
      const body = bodyOf({ page, cluster, secret });
      const answer = await call({ method: 'POST', url, headers, body }, deadline);
      // Another success is that of a proxy, or of an address that is not PagerDuty's.
      if (answer.status === ACCEPTED) return TAKEN;
      const reason = `answered ${answer.status}${saidIn(answer.body, secret)}`;
      if (!isRefusal(answer.status)) throw new Error(reason);
      routingKey.forget();
      return { kind: 'refused', reason };
    },
  };
}

const ACCEPTED = 202;

/** What PagerDuty takes in one event. */
const EVENT_BYTES = 512 * 1024;

interface Sent {
  readonly page: Page;
  readonly cluster: string;
  readonly secret: string;
}

/** A page is a few kilobytes; one beyond all bounds is halved until PagerDuty takes it. */
function bodyOf(sent: Sent): string {
  const body = JSON.stringify(eventOf(sent));
  const { page } = sent;
  if (Buffer.byteLength(body) <= EVENT_BYTES || page.text === '') return body;
  const text = withinBytes(page.text, Math.floor(Buffer.byteLength(page.text) / 2));
  return bodyOf({ ...sent, page: { ...page, text } });
}

function eventOf({ page, cluster, secret }: Sent): object {
  const thread = { routing_key: secret, dedup_key: dedupKeyOf(page.key) };
  switch (page.kind) {
    case 'resolved':
      return { ...thread, event_action: 'resolve' };
    case 'opened':
    case 'worsened':
    case 'test':
      return {
        ...thread,
        event_action: 'trigger',
        client: 'vtepwatch',
        payload: {
          summary: page.subject,
          source: cluster,
          // The words are the same: critical, warning and info; PagerDuty knows error as well.
          severity: page.severity,
          timestamp: formatTime(page.at),
          component: 'overlay network',
          group: cluster,
          class: page.cause,
          custom_details: { key: page.key, kind: page.kind, page: page.text },
        },
      };
  }
}

/** PagerDuty takes 255 characters; counted in bytes the bound holds however it counts. */
const DEDUP_KEY_BYTES = 255;
const HASH_LENGTH = 16;

/** A key that is too long keeps its beginning, and a hash of the whole tells it from its like. */
function dedupKeyOf(key: string): string {
  if (Buffer.byteLength(key) <= DEDUP_KEY_BYTES) return key;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_LENGTH);
  return `${withinBytes(key, DEDUP_KEY_BYTES - HASH_LENGTH - 1)}~${hash}`;
}

const refusalSchema = z.object({
  message: z.optional(z.string()),
  errors: z.optional(z.array(z.string())),
});

/** How much of an answer is quoted, in characters. */
const QUOTED = 200;

/** What PagerDuty said is wrong. An answer that repeats the routing key is quoted without it. */
function saidIn(body: string, secret: string): string {
  const { message, errors = [] } = readRefusal(body);
  const said = [message, ...errors].filter((part) => part !== undefined).join('; ');
  const safe = printable(secret === '' ? said : said.replaceAll(secret, '***'));
  return safe === '' ? '' : `: ${shorten(safe, QUOTED)}`;
}

function readRefusal(body: string): z.infer<typeof refusalSchema> {
  try {
    return refusalSchema.parse(JSON.parse(body));
  } catch {
    return {};
  }
}
