import type { Page } from '../shared/core/page/page.ts';
import { type Deadline, deadlineIn, nearer } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { OutboxEntry } from './shell/incident-store/stored.ts';
import { log } from './shell/log.ts';
import type { PageRoute } from './shell/sns.ts';

/** Pages for the outbox: each is owed to every route. */
export function owed(pages: readonly Page[], routes: readonly PageRoute[]): readonly OutboxEntry[] {
  return pages.map((page) => ({ page, routes: routes.map(({ name }) => name) }));
}

/** How long all that is owed may take: a route that hangs must not keep a run from its hosts. */
const DELIVERY_MS = 8000;

/** How many deliveries are still owed. */
export function owedOf(outbox: readonly OutboxEntry[]): number {
  return outbox.reduce((sum, { routes }) => sum + routes.length, 0);
}

/**
 * Delivers what is owed, in order, and returns what is still owed. A page that its receiver took
 * while the answer got lost is delivered again: its key tells the receiver that it is the same.
 */
export async function deliver(
  outbox: readonly OutboxEntry[],
  routes: readonly PageRoute[],
  deadline: Deadline,
): Promise<readonly OutboxEntry[]> {
  const until = nearer(deadlineIn(DELIVERY_MS), deadline);
  const left: OutboxEntry[] = [];
  // A later page of the same incident waits for the earlier one: a resolve must not overtake.
  const held = new Set<string>();
  for (const { page, routes: names } of outbox) {
    const failed: string[] = [];
    for (const route of routes.filter(({ name }) => names.includes(name))) {
      const thread = `${route.name} ${page.key}`;
      if (!held.has(thread) && (await delivers(route, page, until))) continue;
      held.add(thread);
      failed.push(route.name);
    }
    if (failed.length > 0) left.push({ page, routes: failed });
  }
  return left;
}

async function delivers(route: PageRoute, page: Page, deadline: Deadline): Promise<boolean> {
  const { key, kind } = page;
  try {
    await route.deliver(page, deadline);
    log('page.delivered', { key, kind, route: route.name });
    return true;
  } catch (error) {
    log('page.undelivered', { key, kind, route: route.name, error: errorText(error) });
    return false;
  }
}
