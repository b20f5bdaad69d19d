import path from 'node:path';
import { SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import type { HttpCaller } from '../../lambda/systems/http-call.ts';
import type { PageChannel } from '../../lambda/systems/page-channel.ts';
import { pagerDutyChannel } from '../../lambda/systems/pagerduty.ts';
import { snsChannel } from '../../lambda/systems/sns.ts';
import { webhookChannel } from '../../lambda/systems/webhook.ts';
import { CAUSES } from '../../shared/contract/causes.ts';
import { type Page, pageOf } from '../../shared/core/page/page.ts';
import { NOW } from '../support/cluster.ts';
import { deadlineIn } from '../support/deadlines.ts';
import { incidentIn, incidentOf, incidentWhere, SITE } from './cases.ts';

const RUNBOOK = 'https://git.example.com/vtepwatch/blob/main/RUNBOOK.md';

const WHERE = {
  cluster: 'prod',
  now: NOW,
  runbook: RUNBOOK,
  site: SITE,
  secondLookSeconds: 10,
} as const;

const URL = 'https://pages.example.com/';

/** A call that is answered as PagerDuty does, and what was sent in it. */
function recordingCall(): { readonly call: HttpCaller; readonly bodies: string[] } {
  const bodies: string[] = [];
  const call: HttpCaller = async ({ body = '' }) => {
    bodies.push(body);
    return { status: 202, body: '' };
  };
  return { call, bodies };
}

async function sentBy(page: Page, channelOf: (call: HttpCaller) => PageChannel): Promise<unknown> {
  const { call, bodies } = recordingCall();
  await channelOf(call).deliver(page, deadlineIn(1000));
  return JSON.parse(bodies[0] ?? '');
}

/** What SNS is called with: the fields of the form. */
async function published(page: Page): Promise<URLSearchParams> {
  let body = '';
  const client = new SNSClient({
    region: SITE.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  client.middlewareStack.add(
    () => async (args) => {
      body = String(Object(args.request).body);
      throw new Error('nothing leaves a test');
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const topic = `arn:aws:sns:${SITE.region}:${SITE.account}:pages`;
  await snsChannel(client, topic)
    .deliver(page, deadlineIn(1000))
    .catch(() => {});
  return new URLSearchParams(body);
}

const ROUTING_KEY = {
  read: () => Promise.resolve('the-routing-key'),
  forget: () => {},
};

const cases = CAUSES.flatMap((cause) =>
  (['few', 'many'] as const).map((size) => ({ cause, size })),
);

describe.for(cases)('$cause, $size', ({ cause, size }) => {
  const file = (name: string): string =>
    path.join(import.meta.dirname, 'pages', `${cause}.${size}.${name}`);

  test('is on every channel as it was read and found good', async () => {
    const incident = await incidentOf(cause, size);
    const page = pageOf({ kind: 'opened', incident }, WHERE);
    expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(4096);
    expect(page.text.split('\n').indexOf('Fix') + 1).toBeLessThanOrEqual(10);
    expect(page.subject.length).toBeLessThan(100);

    // Page, document and channels have the same steps: nothing is worded twice.
    for (const { commands, remotely = [] } of incident.fix) {
      for (const command of commands) {
        expect(
          page.text.includes(command) || remotely.every((line) => page.text.includes(line)),
        ).toBe(true);
      }
    }
    expect(page.details?.fix.map(({ commands }) => commands)).toEqual(
      incident.fix.map(({ commands }) => commands),
    );

    const form = await published(page);
    const { default: mail, sms } = Object(JSON.parse(form.get('Message') ?? '{}'));
    await expect(`${form.get('Subject')}\n\n${mail}`).toMatchFileSnapshot(file('mail.txt'));
    await expect(`${sms}\n`).toMatchFileSnapshot(file('sms.txt'));

    const alert = await sentBy(page, (call) =>
      pagerDutyChannel({ cluster: 'prod', url: URL, routingKey: ROUTING_KEY }, call),
    );
    await expect(pretty(alert)).toMatchFileSnapshot(file('pagerduty.json'));
    const document = await sentBy(page, (call) => webhookChannel('prod', { url: URL }, call));
    await expect(pretty(document)).toMatchFileSnapshot(file('webhook.json'));
  });
});

test.for(['rke2', 'flannel', 'k3s', 'unknown', 'calico'] as const)(
  'a lost neighbour entry where the overlay came by %s',
  async (install) => {
    const incident = await incidentOf('neighbour-missing', 'few', install);
    const { subject, text } = pageOf({ kind: 'opened', incident }, WHERE);
    await expect(`${subject}\n\n${text}`).toMatchFileSnapshot(
      path.join(import.meta.dirname, 'pages', `neighbour-missing.few.${install}.mail.txt`),
    );
  },
);

test.for(['hybrid', 'on-delete', 'api-away', 'api-slow'] as const)(
  'where something else is true: %s',
  async (circumstance) => {
    const incident = await incidentWhere(circumstance);
    const { subject, text } = pageOf({ kind: 'opened', incident }, WHERE);
    await expect(`${subject}\n\n${text}`).toMatchFileSnapshot(
      path.join(import.meta.dirname, 'pages', `${circumstance}.${incident.cause}.mail.txt`),
    );
  },
);

test.for(['ipv6-only', 'dual-stack', 'dual-stack-ipv4'] as const)(
  'a neighbour entry lost in a cluster with these families: %s',
  async (families) => {
    const incident = await incidentIn(families);
    const { subject, text, sms } = pageOf({ kind: 'opened', incident }, WHERE);
    expect(incident.fix.every(({ commands }) => commands.length > 0)).toBe(true);
    await expect(`${subject}\n${sms}\n\n${text}`).toMatchFileSnapshot(
      path.join(import.meta.dirname, 'pages', `neighbour-missing.${families}.mail.txt`),
    );
  },
);

test.for(['canal', 'k3s'] as const)(
  'a neighbour entry that 499 nodes lost, on %s',
  async (install) => {
    const incident = await incidentOf('neighbour-missing', 'most', install);
    const { subject, text } = pageOf({ kind: 'opened', incident }, WHERE);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    await expect(`${subject}\n\n${text}`).toMatchFileSnapshot(
      path.join(import.meta.dirname, 'pages', `neighbour-missing.most.${install}.mail.txt`),
    );
  },
);

test.for(['entries-missing', 'mac-mismatch', 'partition', 'device-down'] as const)(
  '%s on Calico',
  async (cause) => {
    const incident = await incidentOf(cause, 'few', 'calico');
    const { subject, text } = pageOf({ kind: 'opened', incident }, WHERE);
    expect(text).not.toMatch(/flannel/i);
    await expect(`${subject}\n\n${text}`).toMatchFileSnapshot(
      path.join(import.meta.dirname, 'pages', `${cause}.few.calico.mail.txt`),
    );
  },
);

function pretty(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
