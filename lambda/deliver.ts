import type { Problem } from '../shared/contract/report.ts';
import { groupBy } from '../shared/core/group.ts';
import type { Page } from '../shared/core/page/page.ts';
import { type Deadline, deadlineIn, nearer } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { OutboxEntry } from './systems/incident-store/stored.ts';
import { log } from './systems/log.ts';
import type { PageRoute } from './systems/page-route.ts';

/** Pages for the outbox: each is owed to every route. */
export function owed(pages: readonly Page[], routes: readonly PageRoute[]): readonly OutboxEntry[] {
  return pages.map((page) => ({ page, routes: routes.map(({ name }) => name) }));
}

/** How many deliveries are still owed. */
export function owedOf(outbox: readonly OutboxEntry[]): number {
  return outbox.reduce((sum, { routes }) => sum + routes.length, 0);
}

/** What a round of deliveries leaves behind. */
export interface Delivered {
  /** What is still owed, in order. */
  readonly outbox: readonly OutboxEntry[];
  /** A problem for each page that nobody will be sent any more. */
  readonly dropped: readonly Problem[];
  /** A problem for each route that still owes. */
  readonly undelivered: readonly Problem[];
}

/** How long all that is owed may take: a route that hangs must not keep a run from its hosts. */
const DELIVERY_MS = 8000;

/** How many pages may wait for another run: with the incidents they have to fit into one item of the
 * table. */
const PAGES_OWED = 200;

/**
 * Delivers what is owed. Routes do not wait for each other, nor incidents; the pages of one incident
 * go out in order, so that no resolve overtakes. A page that its receiver took while the answer got
 * lost is delivered again: its key tells the receiver that it is the same.
 */
export async function deliver(
  outbox: readonly OutboxEntry[],
  routes: readonly PageRoute[],
  deadline: Deadline,
): Promise<Delivered> {
  const until = nearer(deadlineIn(DELIVERY_MS), deadline);
  const byRoute = groupBy(debtsOf(outbox), ({ route }) => route);
  const settled = await Promise.all(
    [...byRoute].map(async ([name, debts]) => {
      const route = routes.find((one) => one.name === name);
      return route === undefined
        ? debts.map((debt) => drop(debt, 'its route is no longer configured'))
        : await settle(route, debts, until);
    }),
  );
  const all = withinBounds(outbox, settled.flat());
  const unpaid = all.filter(({ fate }) => fate.kind === 'owed');
  return {
    outbox: outboxOf(outbox, unpaid),
    dropped: all.flatMap(({ page, route, fate }) =>
      fate.kind === 'dropped'
        ? [{ where: route, message: `the page "${page.subject}" was dropped: ${fate.reason}` }]
        : [],
    ),
    undelivered: [...groupBy(unpaid, ({ route }) => route)].map(([where, some]) => ({
      where,
      message: undeliveredText(some),
    })),
  };
}

/** One page, owed to one route. */
interface Debt {
  readonly page: Page;
  readonly route: string;
}

interface Settled extends Debt {
  readonly fate: Fate;
}

type Fate =
  | { readonly kind: 'taken' }
  | { readonly kind: 'owed'; readonly reason: string }
  | { readonly kind: 'dropped'; readonly reason: string };

function debtsOf(outbox: readonly OutboxEntry[]): readonly Debt[] {
  return outbox.flatMap(({ page, routes }) => routes.map((route) => ({ page, route })));
}

function outboxOf(before: readonly OutboxEntry[], unpaid: readonly Debt[]): readonly OutboxEntry[] {
  return before.flatMap(({ page }) => {
    const debts = unpaid.filter((debt) => debt.page === page);
    return debts.length === 0 ? [] : [{ page, routes: debts.map(({ route }) => route) }];
  });
}

/** Every page has been offered once before it can be one too many. */
function withinBounds(
  outbox: readonly OutboxEntry[],
  settled: readonly Settled[],
): readonly Settled[] {
  const unpaid = settled.filter(({ fate }) => fate.kind === 'owed');
  const oldest = outboxOf(outbox, unpaid).slice(0, -PAGES_OWED);
  const excess = new Set(oldest.map(({ page }) => page));
  return settled.map((one) =>
    one.fate.kind === 'owed' && excess.has(one.page)
      ? drop(one, `more than ${PAGES_OWED} pages wait`)
      : one,
  );
}

/** How many incidents a route is told of at once: one page that hangs must not hold up the others. */
const LANES = 10;

async function settle(
  route: PageRoute,
  debts: readonly Debt[],
  until: Deadline,
): Promise<readonly Settled[]> {
  const threads = groupBy(debts, ({ page }) => page.key).values();
  const settled: Settled[] = [];
  const lane = async (): Promise<void> => {
    // All lanes draw from one iterator, so each thread is taken once.
    for (const thread of threads) settled.push(...(await settleThread(route, thread, until)));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return settled;
}

async function settleThread(
  route: PageRoute,
  thread: readonly Debt[],
  until: Deadline,
): Promise<readonly Settled[]> {
  const settled: Settled[] = [];
  let held = false;
  for (const debt of thread) {
    const fate: Fate = held ? WAITING : await handOver(route, debt, until);
    held = fate.kind === 'owed';
    settled.push({ ...debt, fate });
  }
  return settled;
}

const WAITING: Fate = { kind: 'owed', reason: 'it waits for an earlier page of its incident' };

const HOUR_MS = 3_600_000;

/** How long a page is offered to a route that refuses it: time for a person to mend the route. */
const REFUSED_HOURS = 24;

/** How long to a route that cannot be reached. */
const UNREACHED_HOURS = 7 * 24;

async function handOver(route: PageRoute, debt: Debt, until: Deadline): Promise<Fate> {
  try {
    const delivery = await route.deliver(debt.page, until);
    if (delivery.kind === 'refused') {
      return failed(debt, { reason: `refused: ${delivery.reason}`, hours: REFUSED_HOURS });
    }
    log('page.delivered', namesOf(debt));
    return delivery;
  } catch (error) {
    return failed(debt, { reason: errorText(error), hours: UNREACHED_HOURS });
  }
}

function failed(
  debt: Debt,
  { reason, hours }: { readonly reason: string; readonly hours: number },
): Fate {
  if (Date.now() - debt.page.at >= hours * HOUR_MS) {
    return drop(debt, `not taken for ${hours} hours; ${reason}`).fate;
  }
  log('page.undelivered', { ...namesOf(debt), error: reason });
  return { kind: 'owed', reason };
}

function drop(debt: Debt, reason: string): Settled {
  log('page.dropped', { ...namesOf(debt), reason });
  return { ...debt, fate: { kind: 'dropped', reason } };
}

function namesOf({ page: { key, kind }, route }: Debt): Readonly<Record<string, string>> {
  return { key, kind, route };
}

function undeliveredText(unpaid: readonly Settled[]): string {
  const [first] = unpaid;
  const count = unpaid.length === 1 ? '1 page is' : `${unpaid.length} pages are`;
  const reason = first?.fate.kind === 'owed' ? first.fate.reason : '';
  return `${count} still owed, the first one "${first?.page.subject ?? ''}": ${reason}`;
}
