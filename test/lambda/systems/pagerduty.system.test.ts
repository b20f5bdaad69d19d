import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../../../lab/aws/gate.ts';
import { type PagerDuty, startPagerDuty } from '../../../lab/paging/pagerduty.ts';
import { startWebhookReceiver } from '../../../lab/paging/webhook.ts';
import { httpCall } from '../../../lambda/systems/http-call.ts';
import type { PageChannel } from '../../../lambda/systems/page-channel.ts';
import { pagerDutyChannel } from '../../../lambda/systems/pagerduty.ts';
import { pageAbout } from '../../support/pages.ts';
import { deadlineIn, farOff } from '../../support/deadlines.ts';

let service: PagerDuty;
let secret: { value: string; reads: number };
let channel: PageChannel;

beforeEach(async () => {
  service = await startPagerDuty();
  secret = { value: service.routingKey, reads: 0 };
  let held: string | undefined;
  const routingKey = {
    read: async () => {
      if (held === undefined) secret.reads += 1;
      return (held ??= secret.value);
    },
    forget: () => {
      held = undefined;
    },
  };
  channel = pagerDutyChannel({ cluster: 'lab', url: service.url, routingKey }, httpCall);
  return () => service.close();
});

function always(fault: Fault): void {
  service.gate.fail({ operation: '*', fault });
}

describe('an incident', () => {
  test('is one alert, and a second one when it becomes critical; the resolve goes to both', async () => {
    const pages = [
      pageAbout('master1', 'opened', { severity: 'warning' }),
      pageAbout('master1', 'worsened'),
    ];
    for (const page of pages) {
      expect(await channel.deliver(page, farOff())).toEqual({ kind: 'taken' });
    }
    const payloads = pages.map(({ kind, key, severity, subject, text }) => ({
      summary: subject,
      source: 'lab',
      severity,
      timestamp: '2026-11-23T09:00:00.000Z',
      component: 'overlay network',
      group: 'lab',
      class: 'neighbour-missing',
      custom_details: { key, kind, page: text },
    }));
    const [{ key: dedupKey }] = [pageAbout('master1')];
    expect(service.alerts()).toEqual([
      { dedupKey, status: 'triggered', payloads: payloads.slice(0, 1) },
      { dedupKey: `${dedupKey}/critical`, status: 'triggered', payloads: payloads.slice(1) },
    ]);

    await channel.deliver(pageAbout('master1', 'resolved'), farOff());
    expect(service.alerts()).toMatchObject([
      { dedupKey, status: 'resolved' },
      { dedupKey: `${dedupKey}/critical`, status: 'resolved' },
    ]);
  });

  test('that is critical and worsens again is one more alert: a trigger on an acknowledged one notifies nobody', async () => {
    const again = (worsened: number, kind: 'worsened' | 'resolved' = 'worsened') => ({
      ...pageAbout('master1', kind),
      worsened,
    });
    const { key } = pageAbout('master1');
    await channel.deliver(pageAbout('master1', 'opened'), farOff());
    for (const time of [1, 2, 3]) await channel.deliver(again(time), farOff());
    const keys = [key, `${key}/critical`, `${key}/critical/2`, `${key}/critical/3`];
    expect(service.alerts()).toMatchObject(
      keys.map((dedupKey) => ({ dedupKey, status: 'triggered', payloads: [{}] })),
    );
    await channel.deliver(again(3, 'resolved'), farOff());
    expect(service.alerts()).toMatchObject(
      keys.map((dedupKey) => ({ dedupKey, status: 'resolved' })),
    );
  });

  test('that is a warning still, and worsens, stays one alert', async () => {
    await channel.deliver(pageAbout('master1', 'opened', { severity: 'warning' }), farOff());
    await channel.deliver(pageAbout('master1', 'worsened', { severity: 'warning' }), farOff());
    expect(service.alerts().map(({ payloads }) => payloads.length)).toEqual([2]);
  });

  test('that was never worse is resolved, and no second alert comes of it', async () => {
    await channel.deliver(pageAbout('master1', 'opened'), farOff());
    await channel.deliver(pageAbout('master1', 'resolved'), farOff());
    expect(service.alerts().map(({ status }) => status)).toEqual(['resolved']);
  });

  test.for(['critical', 'warning', 'info'] as const)('keeps its severity: %s', async (severity) => {
    await channel.deliver(pageAbout('master1', 'opened', { severity }), farOff());
    expect(service.alerts()).toMatchObject([{ payloads: [{ severity }] }]);
  });

  test('whose key is longer than PagerDuty takes has a dedup key of its own, always the same', async () => {
    const long = `prüfstand/pair/${'n'.repeat(253)}:${'m'.repeat(253)}`;
    const keys = [`${long}1`, `${long}2`];
    for (const key of [...keys, ...keys]) {
      await channel.deliver(pageAbout('any', 'opened', { key }), farOff());
    }
    const dedupKeys = service.alerts().map(({ dedupKey }) => dedupKey);
    expect(new Set(dedupKeys).size).toBe(2);
    for (const dedupKey of dedupKeys) {
      expect(Buffer.byteLength(dedupKey)).toBe(255);
      expect(dedupKey).toMatch(/^prüfstand\/pair\/n+~[0-9a-f]{16}$/);
    }
    expect(service.alerts().map(({ payloads }) => payloads.length)).toEqual([2, 2]);
  });

  test.for([
    ['of one byte', 'x'],
    ['of four bytes', '🔥'],
    ['that JSON writes longer', '"'],
  ] as const)('whose page is too long is cut between characters %s', async ([, character]) => {
    const text = `x${character.repeat(600_000)}`;
    expect(await channel.deliver(pageAbout('master1', 'opened', { text }), farOff())).toEqual({
      kind: 'taken',
    });
    const [alert] = service.alerts();
    const sent = String(alert?.payloads[0]?.custom_details?.['page']);
    expect(text.startsWith(sent)).toBe(true);
    expect(sent.length).toBeGreaterThan(100_000);
    expect(sent.endsWith(character)).toBe(true);
  });

  test('whose page just fits is sent whole', async () => {
    const text = 'x'.repeat(512 * 1024 - 1024);
    await channel.deliver(pageAbout('master1', 'opened', { text }), farOff());
    expect(service.alerts()[0]?.payloads[0]?.custom_details?.['page']).toBe(text);
  });
});

describe('a page is refused', () => {
  test('where the routing key is not known, in PagerDuty’s own words', async () => {
    secret.value = 'x'.repeat(32);
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({
      kind: 'refused',
      reason: "answered 400: Event object is invalid; 'routing_key' is unknown",
    });
  });

  test('until the key is changed: it is read again after a refusal, and not before', async () => {
    secret.value = 'x'.repeat(32);
    await channel.deliver(pageAbout('master1'), farOff());
    secret.value = service.routingKey;
    for (const node of ['master1', 'node1', 'node2']) {
      expect(await channel.deliver(pageAbout(node), farOff())).toEqual({ kind: 'taken' });
    }
    expect(secret.reads).toBe(2);
  });

  test.for([
    [403, '{"message":"Forbidden"}', 'answered 403: Forbidden'],
    [404, '<html>not here</html>', 'answered 404'],
    [410, '', 'answered 410'],
    [422, '{"errors":"none"}', 'answered 422'],
  ] as const)('with status %i', async ([status, body, reason]) => {
    always({ kind: 'garbled', status, body });
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({
      kind: 'refused',
      reason,
    });
  });

  test('by an answer that repeats the routing key, without telling it', async () => {
    const message = `key ${service.routingKey} is ${'no '.repeat(200)}`;
    always({ kind: 'garbled', status: 400, body: JSON.stringify({ message }) });
    const delivery = await channel.deliver(pageAbout('master1'), farOff());
    const reason = delivery.kind === 'refused' ? delivery.reason : '';
    expect(reason).toMatch(/^answered 400: key \*\*\* is no no .*\.\.\.$/);
    expect(reason.length).toBeLessThan(230);
  });

  test('by colours and line breaks, in plain text', async () => {
    const message = 'red \u001B[31m\r\n\u202Eevil';
    always({ kind: 'garbled', status: 400, body: JSON.stringify({ message }) });
    expect(await channel.deliver(pageAbout('master1'), farOff())).toMatchObject({
      reason: 'answered 400: red ?[31m???evil',
    });
  });

  test('where PagerDuty points elsewhere: the routing key goes to nobody else', async () => {
    const elsewhere = await startWebhookReceiver();
    onTestFinished(() => elsewhere.close());
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.close());
    const error = { type: 'Moved', message: elsewhere.url, status: 307 };
    receiver.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    const moved = pagerDutyChannel(
      {
        cluster: 'lab',
        url: receiver.url,
        routingKey: { read: async () => service.routingKey, forget: () => {} },
      },
      httpCall,
    );
    expect(await moved.deliver(pageAbout('master1'), farOff())).toEqual({
      kind: 'refused',
      reason: 'answered 307',
    });
    expect(elsewhere.gate.calls).toEqual([]);
  });
});

describe('a page stays pending', () => {
  test.for([408, 429, 500, 503])('and nobody has taken it, after status %i', async (status) => {
    always({ kind: 'garbled', status, body: '{"message":"later"}' });
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({
      kind: 'not-taken',
      reason: `answered ${status}: later`,
    });
  });

  test.for([502, 504, 200, 204])('and may have been taken, after status %i', async (status) => {
    always({ kind: 'garbled', status, body: status === 204 ? '' : '{"message":"later"}' });
    await expect(channel.deliver(pageAbout('master1'), farOff())).rejects.toThrow(
      `answered ${status}`,
    );
  });

  test('when the connection ends without an answer, and comes twice under one key', async () => {
    service.gate.fail({ operation: '*', fault: { kind: 'dropped-after' }, times: 1 });
    await expect(channel.deliver(pageAbout('master1'), farOff())).rejects.toThrow(
      'no answer: ECONNRESET',
    );
    expect(await channel.deliver(pageAbout('master1'), farOff())).toEqual({ kind: 'taken' });
    const alerts = service.alerts();
    expect(alerts.map(({ payloads }) => payloads.length)).toEqual([2]);
  });

  test('when nothing is answered until the deadline', async () => {
    always({ kind: 'stalled' });
    await expect(channel.deliver(pageAbout('master1'), deadlineIn(300))).rejects.toThrow(
      'no answer: none in time',
    );
  });

  test('when nobody listens, and the error does not name the address', async () => {
    await service.close();
    const error = await channel.deliver(pageAbout('master1'), farOff()).catch(String);
    expect(error).toBe('Error: no answer: ECONNREFUSED');
  });

  test('when the routing key cannot be read', async () => {
    const keyless = pagerDutyChannel(
      {
        cluster: 'lab',
        url: service.url,
        routingKey: {
          read: async () => {
            throw new Error('reading the parameter /lab/pagerduty');
          },
          forget: () => {},
        },
      },
      httpCall,
    );
    await expect(keyless.deliver(pageAbout('master1'), farOff())).rejects.toThrow(
      'reading the parameter /lab/pagerduty',
    );
    expect(service.gate.calls).toEqual([]);
  });
});
