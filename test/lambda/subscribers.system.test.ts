import { expect, test } from 'vitest';
import { subscribersOf } from '../../lambda/subscribers.ts';
import type { PageChannel } from '../../lambda/systems/page-channel.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { sendTestPage } from '../../lambda/test-page.ts';
import { deadlineIn } from '../support/deadlines.ts';
import { openTopic } from '../support/topics.ts';

/** What SNS answers of a topic to which nobody has subscribed. */
const NOBODY = {
  kind: 'garbled',
  status: 200,
  body: '<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>SubscriptionsConfirmed</key><value>0</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>',
} as const;

const DENIED = {
  kind: 'refused',
  error: { type: 'AuthorizationError', message: 'no', status: 403 },
} as const;

const HOUR_MS = 3_600_000;

test('the subscribers of a topic are counted at most once an hour', async () => {
  const { sns, channel } = await openTopic();
  let passed = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + passed };
  const deadline = { ...deadlineIn(2 * HOUR_MS), clock };
  const subscribers = subscribersOf([channel]);
  expect(await subscribers(deadline)).toBe(1);
  sns.gate.fail({ operation: 'GetTopicAttributes', fault: NOBODY });
  passed = HOUR_MS - 60_000;
  expect(await subscribers(deadline)).toBe(1);
  passed = HOUR_MS;
  expect(await subscribers(deadline)).toBe(0);
  expect(sns.gate.count('GetTopicAttributes')).toBe(2);
});

test('beside another channel nobody counts them: pages reach people without', async () => {
  const { sns, channel } = await openTopic();
  const pager: PageChannel = { name: 'pager', deliver: async () => ({ kind: 'taken' }) };
  expect(await subscribersOf([channel, pager])(deadlineIn(10_000))).toBeUndefined();
  expect(await subscribersOf([pager])(deadlineIn(10_000))).toBeUndefined();
  expect(sns.gate.count('GetTopicAttributes')).toBe(0);
});

test('their number is unknown where the function may not look', async () => {
  const { sns, channel } = await openTopic();
  sns.gate.fail({ operation: 'GetTopicAttributes', fault: DENIED });
  expect(await subscribersOf([channel])(deadlineIn(10_000))).toBeUndefined();
  expect(await sendTestPage('lab', [channel], deadlineIn(10_000))).toEqual({
    cluster: 'lab',
    channels: [{ name: 'sns', delivered: true }],
  });
});

test('a test page that SNS takes for nobody is not delivered', async () => {
  const { sns, channel } = await openTopic();
  sns.gate.fail({ operation: 'GetTopicAttributes', fault: NOBODY });
  expect(await sendTestPage('lab', [channel], deadlineIn(10_000))).toEqual({
    cluster: 'lab',
    channels: [
      {
        name: 'sns',
        delivered: false,
        subscribers: 0,
        reason: 'it took the page for nobody: no subscription is confirmed',
      },
    ],
  });
});
