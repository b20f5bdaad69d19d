import type { TestPageResult } from '../shared/contract/test-page.ts';
import type { Page } from '../shared/core/page/page.ts';
import { testPageOf } from '../shared/core/page/test-page.ts';
import type { Deadline } from './deadline.ts';
import { errorText } from './error-text.ts';
import { log } from './systems/log.ts';
import type { PageRoute } from './systems/page-route.ts';

/**
 * Sends one page, marked as a test, through every channel, and returns which accepted it. It asks no
 * host, takes no lease and stores nothing: what a channel refuses is not sent again.
 */
export async function sendTestPage(
  cluster: string,
  routes: readonly PageRoute[],
  deadline: Deadline,
): Promise<TestPageResult> {
  const page = testPageOf({ cluster, now: Date.now() });
  const results = await Promise.all(routes.map((route) => offer(route, page, deadline)));
  log('page.tested', { cluster, key: page.key, routes: results });
  return { cluster, routes: results };
}

async function offer(
  route: PageRoute,
  page: Page,
  deadline: Deadline,
): Promise<TestPageResult['routes'][number]> {
  const { name } = route;
  try {
    const delivery = await route.deliver(page, deadline);
    return delivery.kind === 'taken'
      ? { name, delivered: true }
      : { name, delivered: false, reason: `refused: ${delivery.reason}` };
  } catch (error) {
    return { name, delivered: false, reason: errorText(error) };
  }
}
