import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type AlertChange,
  type AlertReceiver,
  startAlertReceiver,
} from '../../../lab/backend/alert-receiver.ts';

/** As vmalert posts them: one that fires ends in the future, one that is over has ended. */
const FIRING = { endsAt: '2999-01-01T00:00:00Z' } as const;
const OVER = { endsAt: '2026-01-01T00:00:00Z' } as const;

const LOST = { labels: { alertname: 'Lost', node: 'a' }, annotations: { summary: 'a is lost' } };
const OTHER = { labels: { node: 'b', alertname: 'Lost' } };

describe('the alert receiver', () => {
  test('an alert that is posted again and again fires once, and resolves once', async () => {
    const receiver = await running();
    await post(receiver, [{ ...LOST, ...FIRING }]);
    await post(receiver, [{ ...LOST, ...FIRING }]);
    expect(receiver.firing().map(({ labels }) => labels)).toEqual([LOST.labels]);
    await post(receiver, [{ ...LOST, ...OVER }]);
    await post(receiver, [{ ...LOST, ...OVER }]);
    expect(receiver.firing()).toEqual([]);
    expect(receiver.changes()).toMatchObject([
      { kind: 'fires', alert: 'Lost', ...LOST },
      { kind: 'resolves', alert: 'Lost', ...LOST },
    ]);
  });

  test('alerts are told apart by all their labels, in whatever order these come', async () => {
    const receiver = await running();
    await post(receiver, [
      { ...LOST, ...FIRING },
      { ...OTHER, ...FIRING },
      { labels: { node: 'a', alertname: 'Lost' }, ...OVER },
    ]);
    expect(receiver.firing().map(({ labels }) => labels['node'])).toEqual(['b']);
  });

  test('an alert that was never heard of does not resolve', async () => {
    const receiver = await running();
    await post(receiver, [{ ...LOST, ...OVER }]);
    expect(receiver.changes()).toEqual([]);
  });

  test('every change is told as it comes', async () => {
    const told: AlertChange[] = [];
    const receiver = await running((change) => void told.push(change));
    await post(receiver, [{ ...LOST, ...FIRING }]);
    expect(told).toEqual(receiver.changes());
  });

  test.for([
    ['no JSON', '/api/v2/alerts', 'alerts'],
    ['no alerts', '/api/v2/alerts', '{"labels":{}}'],
    ['another path', '/api/v1/alerts', '[]'],
  ] as const)('%s is refused', async ([, path, body]) => {
    const receiver = await running();
    const response = await fetch(`${receiver.url}${path}`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(receiver.changes()).toEqual([]);
  });
});

async function running(heard: (change: AlertChange) => void = () => {}): Promise<AlertReceiver> {
  const receiver = await startAlertReceiver(heard);
  onTestFinished(() => receiver.close());
  return receiver;
}

async function post(receiver: AlertReceiver, alerts: readonly object[]): Promise<void> {
  const { status } = await fetch(`${receiver.url}/api/v2/alerts`, {
    method: 'POST',
    body: JSON.stringify(alerts),
  });
  expect(status).toBe(200);
}
