import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Page } from '../../shared/core/page/page.ts';
import { printable, shorten } from '../../shared/core/plain-text.ts';
import { formatTime } from '../../shared/core/time.ts';
import type { HttpCaller } from './http-call.ts';
import { isNotTaken, isRefusal, type PageChannel, TAKEN } from './page-channel.ts';
import type { CachedSecret } from './secrets.ts';
import { withinBytes } from './within-bytes.ts';

/**
 * Sends pages to PagerDuty's Events API v2. The key of an incident is the dedup key. PagerDuty notifies
 * nobody of a second trigger of an alert that somebody has acknowledged, so each page that a critical
 * incident has worsened is an alert of its own, whose key ends in `/critical`; the resolve goes to all of them.
 * https://developer.pagerduty.com/docs/send-alert-event
 */
export function pagerDutyChannel(
  {
    cluster,
    url,
    routingKey,
  }: {
    readonly cluster: string;
    readonly url: string;
    readonly routingKey: CachedSecret;
  },
  call: HttpCaller,
): PageChannel {
  return {
    name: 'pagerduty',
    deliver: async (page, deadline) => {
      const secret = await routingKey.read(deadline);
      const headers = { 'content-type': 'application/json' };
      for (const key of alertKeysOf(page)) {
        const body = bodyOf({ page, key, cluster, secret });
        const answer = await call({ method: 'POST', url, headers, body }, deadline);
        // Any other successful status comes from a proxy, or from a server that is not PagerDuty's.
        if (answer.status === ACCEPTED) continue;
        const reason = `answered ${answer.status}${explanationIn(answer.body, secret)}`;
        if (isNotTaken(answer.status)) return { kind: 'not-taken', reason };
        if (!isRefusal(answer.status)) throw new Error(reason);
        routingKey.forget();
        return { kind: 'refused', reason };
      }
      return TAKEN;
    },
  };
}

const ACCEPTED = 202;

/** The alerts that a page is about. Resolving one that was never triggered changes nothing. */
function alertKeysOf({ key, kind, severity, worsened = 1 }: Page): readonly string[] {
  const last = Math.min(worsened, ALERTS);
  switch (kind) {
    case 'opened':
    case 'test':
      return [key];
    case 'worsened':
      return severity === 'critical' ? [`${key}${suffixOf(last)}`] : [key];
    // PagerDuty escalates by itself what nobody has resolved.
    case 'reminder':
      return [];
    case 'resolved':
      return [key, ...Array.from({ length: last }, (_, at) => `${key}${suffixOf(at + 1)}`)];
  }
}

/** An incident is paged again when it has doubled, so that it hardly ever has as many. */
const ALERTS = 9;

function suffixOf(time: number): string {
  return time === 1 ? '/critical' : `/critical/${time}`;
}

/** The most that PagerDuty takes in one event. */
const EVENT_BYTES = 512 * 1024;

interface EventContent {
  readonly page: Page;
  readonly key: string;
  readonly cluster: string;
  readonly secret: string;
}

/** A page has a few kilobytes. One that is too large is halved until PagerDuty takes it. */
function bodyOf(content: EventContent): string {
  const body = JSON.stringify(eventOf(content));
  const { page } = content;
  if (Buffer.byteLength(body) <= EVENT_BYTES || page.text === '') return body;
  const text = withinBytes(page.text, Math.floor(Buffer.byteLength(page.text) / 2));
  return bodyOf({ ...content, page: { ...page, text } });
}

function eventOf({ page, key, cluster, secret }: EventContent): object {
  const thread = { routing_key: secret, dedup_key: dedupKeyOf(key) };
  switch (page.kind) {
    case 'resolved':
      return { ...thread, event_action: 'resolve' };
    case 'opened':
    case 'worsened':
    case 'reminder':
    case 'test':
      return {
        ...thread,
        event_action: 'trigger',
        client: 'vtepwatch',
        payload: {
          summary: page.subject,
          source: cluster,
          // Critical, warning and info are PagerDuty's words, too.
          severity: page.severity,
          timestamp: formatTime(page.at),
          component: page.details?.victims[0] ?? 'overlay network',
          group: cluster,
          class: page.cause,
          custom_details: customDetailsOf(page),
        },
        links: linksOf(page),
      };
  }
}

/** Fields that event rules can read, before the page as text. */
function customDetailsOf({ key, kind, text, details }: Page): object {
  if (details === undefined) return { key, kind, page: text };
  const { scope, victims, missing, checked, since, account, region, fix } = details;
  // A step that only looks fixes nothing, and one with a condition is not for everybody.
  const step = fix.find((one) => one.kind !== 'look' && one.condition === undefined);
  return {
    key,
    kind,
    scope,
    victims: victims.join(', '),
    // A slow API server cuts no node off.
    ...(missing === 0 ? {} : { affected: `${missing} of ${checked} nodes` }),
    since,
    ...(account === undefined ? {} : { account, region }),
    ...(step === undefined ? {} : { fix: step.commands.join('\n') }),
    // Where the commands are kubectl's, they run anywhere.
    ...(step?.runs === 'on-hosts' ? { fix_on: step.hosts.join(', ') } : {}),
    page: text,
  };
}

/** PagerDuty shows links; it refuses an event with one that is no web address. */
function linksOf({ details }: Page): readonly object[] {
  const href = details?.links.runbook ?? '';
  return /^https?:\/\//.test(href) ? [{ href, text: 'Runbook' }] : [];
}

/** PagerDuty takes 255 characters. A bound in bytes is safe, whatever PagerDuty counts as a character. */
const DEDUP_KEY_BYTES = 255;
const HASH_LENGTH = 16;

/** A key that is too long is cut, and a hash of the whole key keeps it unique. */
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

/** PagerDuty's own explanation, without the routing key where it repeats that. */
function explanationIn(body: string, secret: string): string {
  const { message, errors = [] } = readRefusal(body);
  const text = [message, ...errors].filter((part) => part !== undefined).join('; ');
  const safe = printable(secret === '' ? text : text.replaceAll(secret, '***'));
  return safe === '' ? '' : `: ${shorten(safe, QUOTED)}`;
}

function readRefusal(body: string): z.infer<typeof refusalSchema> {
  try {
    return refusalSchema.parse(JSON.parse(body));
  } catch {
    return {};
  }
}
