import type { Problem } from '../shared/contract/report.ts';
import { groupBy } from '../shared/core/group.ts';
import type { Page } from '../shared/core/page/page.ts';
import { type Deadline, within } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { OutboxEntry } from './systems/incident-store/stored.ts';
import { log } from './systems/log.ts';
import type { PageChannel } from './systems/page-channel.ts';
import { mapConcurrently } from './systems/ssm/map-concurrently.ts';

/** New pages as outbox entries: each is pending on every channel. */
export function outboxOf(
  pages: readonly Page[],
  channels: readonly PageChannel[],
): readonly OutboxEntry[] {
  return pages.map((page) => ({ page, channels: channels.map(({ name }) => name) }));
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
 * a receiver accepts a page and its answer is lost, the page is sent again: its key shows the receiver
 * that it is the same.
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
    outbox: remaining(outbox, pending),
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
}

interface AttemptedDelivery extends PageDelivery {
  readonly outcome: Outcome;
}

type Outcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'dropped'; readonly reason: string };

function deliveriesOf(outbox: readonly OutboxEntry[]): readonly PageDelivery[] {
  return outbox.flatMap(({ page, channels }) => channels.map((channel) => ({ page, channel })));
}

function isPending({ outcome }: AttemptedDelivery): boolean {
  return outcome.kind === 'pending';
}

/** What stays in the outbox, in its order. */
function remaining(
  before: readonly OutboxEntry[],
  pending: readonly PageDelivery[],
): readonly OutboxEntry[] {
  return before.flatMap(({ page }) => {
    const channels = pending.flatMap((one) => (one.page === page ? [one.channel] : []));
    return channels.length === 0 ? [] : [{ page, channels }];
  });
}

/** Drops the oldest pending pages where they are too many. Each has been offered at least once. */
function withinBounds(
  outbox: readonly OutboxEntry[],
  attempted: readonly AttemptedDelivery[],
): readonly AttemptedDelivery[] {
  const oldest = remaining(outbox, attempted.filter(isPending)).slice(0, -PENDING_PAGES);
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

/** The pages of one incident: where one is pending, the later ones wait for it. */
async function deliverInOrder(
  channel: PageChannel,
  deliveries: readonly PageDelivery[],
  until: Deadline,
): Promise<readonly AttemptedDelivery[]> {
  const attempted: AttemptedDelivery[] = [];
  let isBlocked = false;
  for (const one of deliveries) {
    const outcome: Outcome = isBlocked ? BLOCKED : await attempt(channel, one, until);
    isBlocked = outcome.kind === 'pending';
    attempted.push({ ...one, outcome });
  }
  return attempted;
}

const BLOCKED: Outcome = {
  kind: 'pending',
  reason: 'it waits for an earlier page of its incident',
};

const HOUR_MS = 3_600_000;

/** How long a page is offered to a channel that refuses it: time for a person to fix the channel. */
const REFUSED_HOURS = 24;

/** How long a page is offered to a channel that cannot be reached. */
const UNREACHED_HOURS = 7 * 24;

async function attempt(channel: PageChannel, one: PageDelivery, until: Deadline): Promise<Outcome> {
  try {
    const result = await channel.deliver(one.page, until);
    if (result.kind === 'refused') {
      return failed(one, {
        reason: `refused: ${result.reason}`,
        hours: REFUSED_HOURS,
        now: until.clock.now(),
      });
    }
    log('page.delivered', namesOf(one));
    return result;
  } catch (error) {
    return failed(one, {
      reason: errorText(error),
      hours: UNREACHED_HOURS,
      now: until.clock.now(),
    });
  }
}

function failed(
  one: PageDelivery,
  { reason, hours, now }: { readonly reason: string; readonly hours: number; readonly now: number },
): Outcome {
  if (now - one.page.at >= hours * HOUR_MS) {
    return drop(one, `not taken for ${hours} hours; ${reason}`).outcome;
  }
  log('page.undelivered', { ...namesOf(one), error: reason });
  return { kind: 'pending', reason };
}

function drop(one: PageDelivery, reason: string): AttemptedDelivery {
  log('page.dropped', { ...namesOf(one), reason });
  return { ...one, outcome: { kind: 'dropped', reason } };
}

function namesOf({ page: { key, kind }, channel }: PageDelivery): Readonly<Record<string, string>> {
  return { key, kind, channel };
}

function pendingText(pending: readonly AttemptedDelivery[]): string {
  const [first] = pending;
  const reason = first?.outcome.kind === 'pending' ? first.outcome.reason : '';
  const which =
    pending.length === 1 ? '1 page is pending:' : `${pending.length} pages are pending, first`;
  return `${which} "${first?.page.subject ?? ''}": ${reason}`;
}
