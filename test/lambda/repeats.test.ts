import { describe, expect, test } from 'vitest';
import { repeatsAfter, withRepeats } from '../../lambda/repeats.ts';
import type { OutboxEntry } from '../../lambda/systems/incident-store/stored.ts';
import type { Page } from '../../shared/core/page/page.ts';
import { pageAbout } from '../support/pages.ts';

const START = Date.parse('2026-11-23T09:00:00Z');
const page = pageAbout('node1');

/** The minutes at which a page goes out while the state is unavailable, with a run a minute. */
function minutesOf(first: Page, minutes: number, closesAt = Infinity): readonly number[] {
  let outbox: readonly OutboxEntry[] = [{ page: first, channels: ['sns'] }];
  const sentAt: number[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    // A run takes longer now and then.
    const now = START + minute * 60_000 + (minute % 3) * 4000;
    const open = new Set(minute < closesAt ? [first.key] : []);
    const { sent, waiting } = withRepeats(outbox, { now, open });
    if (sent.length > 0) sentAt.push(minute);
    outbox = repeatsAfter({ sent, left: [], waiting }, now);
  }
  return sentAt;
}

describe('while nobody can store that a page went out', () => {
  test('a critical one comes again after 5 and 15 minutes, and then every hour', () => {
    expect(minutesOf(page, 200)).toEqual([0, 5, 15, 60, 120, 180]);
  });

  test('a warning comes once, and so does an end', () => {
    expect(minutesOf({ ...page, severity: 'warning' }, 200)).toEqual([0]);
    expect(minutesOf({ ...page, kind: 'resolved' }, 200)).toEqual([0]);
  });

  test('none comes again once its incident is over', () => {
    expect(minutesOf(page, 200, 12)).toEqual([0, 5]);
  });

  test('each says once that it may repeat', () => {
    const { sent } = withRepeats([{ page, channels: ['sns'] }], { now: START, open: new Set() });
    const again = withRepeats(sent, { now: START, open: new Set() }).sent;
    expect(again.map((one) => one.page.text)).toEqual([
      `${page.text}The state of vtepwatch is unavailable (DynamoDB): this page may repeat.\n`,
    ]);
  });

  test('of one incident the newest page is repeated', () => {
    const worse = { ...page, kind: 'worsened' as const, at: page.at + 1 };
    const sent = [page, worse].map((one) => ({ page: one, channels: ['sns'] }));
    const repeats = repeatsAfter({ sent, left: [], waiting: [] }, START);
    expect(repeats.map((one) => one.page.kind)).toEqual(['worsened']);
  });

  test('what no channel has taken stays pending, and is not repeated beside that', () => {
    const sent = [{ page, channels: ['sns'] }];
    expect(repeatsAfter({ sent, left: sent, waiting: [] }, START)).toEqual([]);
  });
});
