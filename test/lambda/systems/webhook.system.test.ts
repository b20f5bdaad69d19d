import { Webhook as Verifier } from 'standardwebhooks';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startWebhookReceiver, type WebhookReceiver } from '../../../lab/paging/webhook.ts';
import { httpCall } from '../../../lambda/systems/http-call.ts';
import type { PageChannel } from '../../../lambda/systems/page-channel.ts';
import { webhookChannel } from '../../../lambda/systems/webhook.ts';
import { USER_AGENT } from '../../../shared/contract/version.ts';
import { testPageOf } from '../../../shared/core/page/test-page.ts';
import { pageAbout } from '../../support/pages.ts';
import { deadlineIn, farOff, PASSED } from '../../support/deadlines.ts';

const SECRET = `whsec_${Buffer.from('twenty-four bytes, fixed').toString('base64')}`;

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  return () => receiver.close();
});

/** A webhook whose parameter holds this text. */
function fromParameter(text: string): PageChannel & { readonly reads: () => number } {
  let reads = 0;
  let held: string | undefined;
  const channel = webhookChannel(
    'lab',
    {
      read: async () => {
        if (held === undefined) reads += 1;
        return (held ??= text);
      },
      forget: () => {
        held = undefined;
      },
    },
    httpCall,
  );
  return { ...channel, reads: () => reads };
}

describe('a page', () => {
  test('is posted as one JSON document of a stable shape', async () => {
    const channel = webhookChannel('lab', { url: `${receiver.url}/pages?team=net` }, httpCall);
    const page = pageAbout('master1');
    expect(await channel.deliver(page, farOff())).toEqual({ kind: 'taken' });
    expect(receiver.received()).toMatchObject([
      {
        path: '/pages?team=net',
        headers: { 'content-type': 'application/json', 'user-agent': USER_AGENT },
      },
    ]);
    expect(JSON.parse(receiver.received()[0]?.body ?? '')).toEqual({
      version: 1,
      cluster: 'lab',
      key: 'lab/subject/master1',
      kind: 'opened',
      severity: 'critical',
      cause: 'neighbour-missing',
      at: '2026-11-23T09:00:00.000Z',
      summary: page.subject,
      text: page.text,
    });
  });

  test('that is a test has no cause, and says so', async () => {
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    await channel.deliver(testPageOf({ cluster: 'lab', now: 0 }), farOff());
    expect(receiver.received()[0]?.document).toEqual({
      version: 1,
      cluster: 'lab',
      key: 'lab/test/1970-01-01T00:00:00.000Z',
      kind: 'test',
      severity: 'info',
      at: '1970-01-01T00:00:00.000Z',
      summary: '[lab] test page, nothing is wrong',
      text: expect.stringMatching(/^TEST {2}cluster lab\n/),
    });
  });

  test('has the same id however often it is sent, and another one than any other page', async () => {
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    const pages = [pageAbout('master1'), pageAbout('master1'), pageAbout('master1', 'resolved')];
    for (const page of pages) await channel.deliver(page, farOff());
    const ids = receiver.received().map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toMatch(/^msg_[\w-]{43}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('is not signed where there is no secret', async () => {
    await webhookChannel('lab', { url: receiver.url }, httpCall).deliver(
      pageAbout('master1'),
      farOff(),
    );
    expect(receiver.received()[0]?.headers).not.toHaveProperty('webhook-signature');
  });
});

describe('a parameter', () => {
  test('may hold the address', async () => {
    const channel = fromParameter(`${receiver.url}/services/T0/B0/x`);
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({ kind: 'taken' });
    expect(receiver.received().map(({ path }) => path)).toEqual(['/services/T0/B0/x']);
  });

  test('may hold a secret as well: the receiver can verify who sent the page', async () => {
    const channel = fromParameter(JSON.stringify({ url: receiver.url, secret: SECRET }));
    await channel.deliver(pageAbout('master1'), farOff());
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received();
    const verifier = new Verifier(SECRET);
    expect(verifier.verify(body, { ...headers })).toMatchObject({ key: 'lab/subject/master1' });
    expect(() => verifier.verify(body.replace('master1', 'master2'), { ...headers })).toThrow(
      'No matching signature found',
    );
    expect(() => new Verifier(SECRET.replace('d', 'e')).verify(body, { ...headers })).toThrow(
      'No matching signature found',
    );
  });

  test.for([
    ['nothing', ''],
    ['no address', 'hooks.example.com/s3cret'],
    ['another scheme', 'ftp://hooks.example.com/s3cret'],
    ['user and password', 'https://me:s3cret@hooks.example.com/'],
    ['two lines', 'https://hooks.example.com/s3cret\nwhsec_x'],
    ['JSON without a secret', '{"url":"https://hooks.example.com/s3cret"}'],
    [
      'a secret that is too short',
      '{"url":"https://hooks.example.com/s3cret","secret":"whsec_eA=="}',
    ],
  ] as const)('with %s is refused without quoting it, and read anew', async ([, text]) => {
    const channel = fromParameter(text);
    for (const reads of [1, 2]) {
      const delivery = await channel.deliver(pageAbout('master1'), farOff());
      expect(delivery).toMatchObject({
        kind: 'refused',
        reason: expect.stringMatching(/^its parameter is neither an http or https URL nor JSON/),
      });
      expect(JSON.stringify(delivery)).not.toContain('s3cret');
      expect(channel.reads()).toBe(reads);
    }
  });
});

describe('a receiver that', () => {
  const PATH = '/services/T0/B0/s3cret';

  test.for([400, 401, 403, 404, 410, 413, 301, 302, 307, 308] as const)(
    'answers %i refuses, and what it says is not quoted: it may quote the secret address',
    async (status) => {
      const error = { type: 'Refused', message: `Cannot POST ${PATH}`, status };
      receiver.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
      const channel = fromParameter(`${receiver.url}${PATH}`);
      expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({
        kind: 'refused',
        reason: `answered ${status}`,
      });
    },
  );

  test('points elsewhere is not followed', async () => {
    const elsewhere = await startWebhookReceiver();
    onTestFinished(() => elsewhere.close());
    const error = { type: 'Moved', message: `${elsewhere.url}/caught`, status: 308 };
    receiver.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    await webhookChannel('lab', { url: receiver.url }, httpCall).deliver(
      pageAbout('master1'),
      farOff(),
    );
    expect(elsewhere.gate.calls).toEqual([]);
  });

  test.for([408, 429, 500, 503])('answers %i is sent the page again', async (status) => {
    const error = { type: 'Later', message: 'later', status };
    receiver.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({
      kind: 'not-taken',
      reason: `answered ${status}`,
    });
  });

  test.for([502, 504])('answers %i may have taken the page', async (status) => {
    const error = { type: 'Gateway', message: 'lost', status };
    receiver.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    await expect(channel.deliver(pageAbout('master1'), farOff())).rejects.toThrow(
      `answered ${status}`,
    );
  });

  test('stalls is given up at the deadline', async () => {
    receiver.gate.fail({ operation: 'POST', fault: { kind: 'stalled' } });
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    await expect(channel.deliver(pageAbout('master1'), deadlineIn(300))).rejects.toThrow(
      'no answer: none in time',
    );
  });

  test('is asked for nothing after the deadline', async () => {
    const channel = webhookChannel('lab', { url: receiver.url }, httpCall);
    await expect(channel.deliver(pageAbout('master1'), PASSED)).rejects.toThrow('no answer');
    expect(receiver.received()).toEqual([]);
  });
});
