import type { TestPageResult } from '../shared/contract/test-page.ts';
import type { Page } from '../shared/core/page/page.ts';
import { testPageOf } from '../shared/core/page/test-page.ts';
import type { Deadline } from './deadline.ts';
import { errorText } from './error-text.ts';
import { log } from './systems/log.ts';
import type { PageChannel } from './systems/page-channel.ts';

/**
 * Sends one page, marked as a test, through every channel, and returns which accepted it. It asks no
 * host, takes no lease and stores nothing: what a channel refuses is not sent again.
 */
export async function sendTestPage(
  cluster: string,
  channels: readonly PageChannel[],
  deadline: Deadline,
): Promise<TestPageResult> {
  const page = testPageOf({ cluster, now: deadline.clock.now() });
  const results = await Promise.all(channels.map((channel) => offer(channel, page, deadline)));
  log('page.tested', { cluster, key: page.key, channels: results });
  return { cluster, channels: results };
}

async function offer(
  channel: PageChannel,
  page: Page,
  deadline: Deadline,
): Promise<TestPageResult['channels'][number]> {
  const { name } = channel;
  try {
    const result = await channel.deliver(page, deadline);
    return result.kind === 'taken'
      ? { name, delivered: true }
      : { name, delivered: false, reason: `refused: ${result.reason}` };
  } catch (error) {
    return { name, delivered: false, reason: errorText(error) };
  }
}
