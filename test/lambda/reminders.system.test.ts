import { expect, onTestFinished, test } from 'vitest';
import { startPagerDuty } from '../../lab/paging/pagerduty.ts';
import { startWebhookReceiver } from '../../lab/paging/webhook.ts';
import { deliver, pendingAfter } from '../../lambda/deliver.ts';
import { httpCall } from '../../lambda/systems/http-call.ts';
import type { OutboxEntry } from '../../lambda/systems/incident-store/stored.ts';
import { pagerDutyChannel } from '../../lambda/systems/pagerduty.ts';
import { webhookChannel } from '../../lambda/systems/webhook.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import { webhookSchema } from '../../shared/contract/webhook.ts';
import type { Incident } from '../../shared/core/incident/incident.ts';
import { cluster, NOW } from '../support/cluster.ts';
import { deadlineIn } from '../support/deadlines.ts';
import { pageAbout } from '../support/pages.ts';
import { decided } from '../support/runs.ts';
import { openTopic } from '../support/topics.ts';

const SIX = cluster(6).listed();
const flushed = SIX.lose('neighbour', { observer: 'node1' });
const HOUR_MS = 3_600_000;

/** The three channels, and what has come through each. */
async function openChannels() {
  const { sns, channel: topic } = await openTopic();
  const [receiver, service] = await Promise.all([startWebhookReceiver(), startPagerDuty()]);
  onTestFinished(async () => {
    await Promise.all([receiver.close(), service.close()]);
  });
  const routingKey = { read: async () => service.routingKey, forget: () => {} };
  return {
    channels: [
      topic,
      webhookChannel('prod', { url: receiver.url }, httpCall),
      pagerDutyChannel({ cluster: 'prod', url: service.url, routingKey }, httpCall),
    ],
    came: async () => ({
      sns: (await sns.published()).map(({ attributes }) => attributes['kind']),
      webhook: receiver.received().map(({ body }) => webhookSchema.parse(JSON.parse(body)).kind),
      pagerduty: service.alerts().flatMap(({ status, payloads }) => [status, payloads.length]),
    }),
  };
}

test('a reminder goes through the channels that want it, and never to PagerDuty', async () => {
  const { channels, came } = await openChannels();
  const limits = limitsSchema.parse({ snsReminderHours: 4, webhookReminderHours: 8 });
  let incidents: readonly Incident[] = [];
  let outbox: readonly OutboxEntry[] = [];
  for (const hour of [0, 4, 8, 9, 10]) {
    const sees = hour < 9 ? flushed : SIX;
    const decision = await decided(sees.facts({ now: NOW + hour * HOUR_MS, limits }), incidents);
    ({ incidents } = decision);
    const pending = pendingAfter(decision, outbox, channels);
    ({ outbox } = await deliver(pending, channels, deadlineIn(10_000)));
  }
  expect(outbox).toEqual([]);
  expect(await came()).toEqual({
    sns: ['opened', 'reminder', 'reminder', 'resolved'],
    webhook: ['opened', 'reminder', 'resolved'],
    pagerduty: ['resolved', 1],
  });
});

test('PagerDuty is not called for a reminder that another version has stored for it', async () => {
  const { channels, came } = await openChannels();
  const outbox = [{ page: pageAbout('node1', 'reminder'), channels: ['pagerduty'] }];
  expect((await deliver(outbox, channels, deadlineIn(10_000))).outbox).toEqual([]);
  expect((await came()).pagerduty).toEqual([]);
});

test('a channel that takes nothing has one page of an incident pending, and none after its end', async () => {
  const { channels } = await openChannels();
  const [page, reminder, end] = [
    pageAbout('node1', 'opened'),
    pageAbout('node1', 'reminder'),
    pageAbout('node1', 'resolved'),
  ];
  const pending: readonly OutboxEntry[] = [{ page, channels: ['sns'] }];
  const again = { pages: [], reminders: [{ page: reminder, channels: ['sns', 'webhook'] }] };
  const both = pendingAfter(again, pending, channels);
  expect(both).toEqual([...pending, { page: reminder, channels: ['webhook'] }]);
  expect(pendingAfter(again, both, channels)).toEqual(both);
  const over = pendingAfter({ pages: [end], reminders: [] }, both, channels);
  expect(over).toEqual([...pending, { page: end, channels: ['sns', 'webhook', 'pagerduty'] }]);
});
