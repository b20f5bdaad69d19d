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

type Offered = TestPageResult['channels'][number];

async function offer(channel: PageChannel, page: Page, deadline: Deadline): Promise<Offered> {
  const { name } = channel;
  try {
    const result = await channel.deliver(page, deadline);
    switch (result.kind) {
      case 'taken':
        return await receivedBy(channel, deadline);
      case 'refused':
        return { name, delivered: false, reason: `refused: ${result.reason}` };
      case 'not-taken':
        return { name, delivered: false, reason: result.reason };
    }
  } catch (error) {
    return { name, delivered: false, reason: errorText(error) };
  }
}

/** A topic takes pages for nobody. */
async function receivedBy(channel: PageChannel, deadline: Deadline): Promise<Offered> {
  const { name } = channel;
  const subscribers = await channel.subscribers?.(deadline);
  const reason = 'it took the page for nobody: no subscription is confirmed';
  if (subscribers === 0) return { name, delivered: false, subscribers, reason };
  return { name, delivered: true, ...(subscribers === undefined ? {} : { subscribers }) };
}
