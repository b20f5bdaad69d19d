import type { Problem } from '../shared/contract/report.ts';
import { groupBy } from '../shared/core/group.ts';
import type { Page } from '../shared/core/page/page.ts';
import type { Decision } from '../shared/core/run/run.ts';
import { formatTime } from '../shared/core/time.ts';
import { type Deadline, remaining, within } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { LostAnswer, OutboxEntry } from './systems/incident-store/stored.ts';
import { log } from './systems/log.ts';
import { isUnsent, type PageChannel } from './systems/page-channel.ts';
import { mapConcurrently } from './systems/ssm/map-concurrently.ts';

/** New pages as outbox entries: each is pending on every channel. */
export function outboxOf(
  pages: readonly Page[],
  channels: readonly PageChannel[],
): readonly OutboxEntry[] {
  return pages.map((page) => ({ page, channels: channels.map(({ name }) => name) }));
}

/**
 * What is pending after a decision. A new page is pending on every channel, a reminder on those that want it
 * and have no other page of its incident to take. No reminder outlives its incident.
 */
export function pendingAfter(
  { pages, reminders }: Pick<Decision, 'pages' | 'reminders'>,
  pending: readonly OutboxEntry[],
  channels: readonly PageChannel[],
): readonly OutboxEntry[] {
  const names = new Set(channels.map(({ name }) => name));
  const over = new Set(pages.flatMap(({ kind, key }) => (kind === 'resolved' ? [key] : [])));
  const isTaking = (channel: string, { key }: Page): boolean =>
    names.has(channel) &&
    !pending.some((entry) => entry.page.key === key && entry.channels.includes(channel));
  return [
    ...pending.filter(({ page }) => page.kind !== 'reminder' || !over.has(page.key)),
    ...outboxOf(pages, channels),
    ...reminders.flatMap(({ page, channels: wanting }) => {
      const taking = wanting.filter((channel) => isTaking(channel, page));
      return taking.length === 0 ? [] : [{ page, channels: taking }];
    }),
  ];
}

/** How many deliveries are pending; a page counts once for each channel. */
export function pendingIn(outbox: readonly OutboxEntry[]): number {
  return outbox.reduce((sum, { channels }) => sum + channels.length, 0);
}

/** What a round of deliveries leaves behind. */
export interface DeliveryRound {
  /** What is still pending, in order. */
  readonly outbox: readonly OutboxEntry[];
  /** A problem for each page that is given up on a channel. */
  readonly dropped: readonly Problem[];
  /** A problem for each channel with pending pages. */
  readonly undelivered: readonly Problem[];
}

/** How long a round may take: a channel that hangs must not keep a run from its hosts. */
const ROUND_MS = 8000;

/**
 * How many pages may be pending when a run ends: with the incidents, they must fit into one item of
 * the table.
 */
const PENDING_PAGES = 200;

/**
 * Delivers the pages of the outbox. Channels do not wait for each other, and neither do incidents. The
 * pages of one incident are sent in order, so that no resolve overtakes the page that it belongs to. If
 * a receiver accepts a page and its answer is lost, the page is sent again, later each time: its key shows
 * the receiver that it is the same.
 */
export async function deliver(
  outbox: readonly OutboxEntry[],
  channels: readonly PageChannel[],
  deadline: Deadline,
): Promise<DeliveryRound> {
  const until = within(ROUND_MS, deadline);
  const byChannel = groupBy(deliveriesOf(outbox), ({ channel }) => channel);
  const attempted = await Promise.all(
    [...byChannel].map(async ([name, deliveries]) => {
      const channel = channels.find((one) => one.name === name);
      return channel === undefined
        ? deliveries.map((one) => drop(one, 'its channel is no longer configured'))
        : await deliverThrough(channel, deliveries, until);
    }),
  );
  const all = withinBounds(outbox, attempted.flat());
  const pending = all.filter(isPending);
  return {
    outbox: leftOf(outbox, pending),
    dropped: all.flatMap(({ page, channel, outcome }) =>
      outcome.kind === 'dropped'
        ? [{ where: channel, message: `the page "${page.subject}" was dropped: ${outcome.reason}` }]
        : [],
    ),
    undelivered: [...groupBy(pending, ({ channel }) => channel)].map(([where, some]) => ({
      where,
      message: pendingText(some),
    })),
  };
}

/** One page on its way through one channel. */
interface PageDelivery {
  readonly page: Page;
  readonly channel: string;
  /** Its earlier tries whose answer was lost. */
  readonly lost: LostAnswer | undefined;
}

interface AttemptedDelivery extends PageDelivery {
  readonly outcome: Outcome;
}

type Outcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'pending'; readonly reason: string; readonly lost: LostAnswer | undefined }
  | { readonly kind: 'dropped'; readonly reason: string };

function deliveriesOf(outbox: readonly OutboxEntry[]): readonly PageDelivery[] {
  return outbox.flatMap(({ page, channels, lostAnswers = [] }) =>
    channels.map((channel) => ({
      page,
      channel,
      lost: lostAnswers.find((one) => one.channel === channel),
    })),
  );
}

function isPending({ outcome }: AttemptedDelivery): boolean {
  return outcome.kind === 'pending';
}

/** What stays in the outbox, in its order. */
function leftOf(
  before: readonly OutboxEntry[],
  pending: readonly AttemptedDelivery[],
): readonly OutboxEntry[] {
  const byPage = Map.groupBy(pending, ({ page }) => page);
  return before.flatMap(({ page }) => {
    const own = byPage.get(page);
    if (own === undefined) return [];
    const lostAnswers = own.flatMap(({ outcome }) =>
      outcome.kind === 'pending' && outcome.lost !== undefined ? [outcome.lost] : [],
    );
    const channels = own.map(({ channel }) => channel);
    return [{ page, channels, ...(lostAnswers.length === 0 ? {} : { lostAnswers }) }];
  });
}

/** Drops the oldest pending pages where they are too many. Each has been offered at least once. */
function withinBounds(
  outbox: readonly OutboxEntry[],
  attempted: readonly AttemptedDelivery[],
): readonly AttemptedDelivery[] {
  const oldest = leftOf(outbox, attempted.filter(isPending)).slice(0, -PENDING_PAGES);
  const excess = new Set(oldest.map(({ page }) => page));
  return attempted.map((one) =>
    isPending(one) && excess.has(one.page)
      ? drop(one, `more than ${PENDING_PAGES} pages are pending`)
      : one,
  );
}

/** How many incidents go through one channel at a time: a page that hangs must not hold up the others. */
const WORKERS = 10;

async function deliverThrough(
  channel: PageChannel,
  deliveries: readonly PageDelivery[],
  until: Deadline,
): Promise<readonly AttemptedDelivery[]> {
  const byIncident = [...groupBy(deliveries, ({ page }) => page.key).values()];
  const attempted = await mapConcurrently(byIncident, WORKERS, async (pages) =>
    deliverInOrder(channel, pages, until),
  );
  return attempted.flat();
}

/**
 * The pages of one incident: where one is pending, the later ones wait for it, unless its answer was lost
 * again and again. Such a page is not sent again once the end of its incident was taken.
 */
async function deliverInOrder(
  channel: PageChannel,
  deliveries: readonly PageDelivery[],
  until: Deadline,
): Promise<readonly AttemptedDelivery[]> {
  const attempted: AttemptedDelivery[] = [];
  let isBlocked = false;
  for (const one of deliveries) {
    const outcome: Outcome = isBlocked
      ? waiting(one, 'it waits for an earlier page of its incident')
      : await attempt(channel, one, until);
    isBlocked = outcome.kind === 'pending' && (outcome.lost?.times ?? 0) < TRUSTED_REPEATS;
    attempted.push({ ...one, outcome });
  }
  const end = attempted.findLastIndex(
    ({ page, outcome }) => page.kind === 'resolved' && outcome.kind === 'taken',
  );
  return attempted.map((one, at) =>
    at < end && isPending(one)
      ? drop(one, 'its answers were lost, and its RESOLVED was taken')
      : one,
  );
}

/** After so many lost answers a page counts as read, and the next one of its incident goes out. */
const TRUSTED_REPEATS = 3;

function waiting({ lost }: PageDelivery, reason: string): Outcome {
  return { kind: 'pending', reason, lost };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a page is offered to a channel that refuses it: time for a person to fix the channel. */
const REFUSED_HOURS = 24;

/** How long a page is offered to a channel that cannot be reached. */
const UNREACHED_HOURS = 7 * 24;

async function attempt(channel: PageChannel, one: PageDelivery, until: Deadline): Promise<Outcome> {
  const now = until.clock.now();
  if (remaining(until) === 0) return waiting(one, 'no time was left for it');
  if (one.lost !== undefined && now < one.lost.notBefore) {
    return waiting(
      one,
      `its answer was lost, and it goes out again ${formatTime(one.lost.notBefore)}`,
    );
  }
  try {
    const result = await channel.deliver(one.page, until);
    switch (result.kind) {
      case 'taken':
        log('page.delivered', namesOf(one));
        return result;
      case 'refused':
        return failed(one, { reason: `refused: ${result.reason}`, hours: REFUSED_HOURS, now });
      case 'not-taken':
        return failed(one, { reason: result.reason, hours: UNREACHED_HOURS, now });
    }
  } catch (error) {
    const reason = errorText(error);
    return isUnsent(error)
      ? failed(one, { reason, hours: UNREACHED_HOURS, now })
      : failed({ ...one, lost: lostAgain(one, now) }, { reason, hours: LOST_HOURS, now });
  }
}

/** When a page goes out again whose answer was lost once, twice, and more often. */
const REPEATS_MS = [
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  15 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
] as const;

/** How long a page is sent again whose answers are lost: people have had a score of it by then. */
const LOST_HOURS = 24;

/** A run of a later tick is due a little earlier in its run than the try was in its own. */
const EARLY_MS = MINUTE_MS / 2;

function lostAgain({ channel, lost }: PageDelivery, now: number): LostAnswer {
  const times = (lost?.times ?? 0) + 1;
  const wait = REPEATS_MS[times - 1] ?? REPEATS_MS[REPEATS_MS.length - 1] ?? 0;
  return { channel, times, notBefore: now + wait - EARLY_MS };
}

function failed(
  one: PageDelivery,
  { reason, hours, now }: { readonly reason: string; readonly hours: number; readonly now: number },
): Outcome {
  if (now - one.page.at >= hours * HOUR_MS) {
    return drop(one, `not taken for ${hours} hours; ${reason}`).outcome;
  }
  log('page.undelivered', { ...namesOf(one), error: reason });
  return waiting(one, reason);
}

function drop(one: PageDelivery, reason: string): AttemptedDelivery {
  log('page.dropped', { ...namesOf(one), reason });
  return { ...one, outcome: { kind: 'dropped', reason } };
}

function namesOf({ page: { key, kind }, channel }: PageDelivery): Readonly<Record<string, string>> {
  return { key, kind, channel };
}

function pendingText(some: readonly AttemptedDelivery[]): string {
  const [first] = some;
  const reason = first?.outcome.kind === 'pending' ? first.outcome.reason : '';
  const which =
    some.length === 1 ? '1 page is pending:' : `${some.length} pages are pending, first`;
  return `${which} "${first?.page.subject ?? ''}": ${reason}`;
}
