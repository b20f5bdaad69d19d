import { SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Sns, startSns } from '../../../lab/aws/sns.ts';
import type { PageChannel } from '../../../lambda/systems/page-channel.ts';
import { snsChannel } from '../../../lambda/systems/sns.ts';
import type { Page } from '../../../shared/core/page/page.ts';
import { cluster } from '../../support/cluster.ts';
import { decided } from '../../support/runs.ts';
import { deadlineIn, PASSED } from '../../support/deadlines.ts';

const PAGE: Page = {
  key: 'lab/subject/master1',
  kind: 'opened',
  severity: 'critical',
  at: 0,
  subject: '[lab] master1 neighbour-missing 5/5 nodes',
  text: 'CRITICAL  cluster lab\nmaster1 is lost – by 5 of 5 <peers> & all\n',
};

/** What SNS takes, the attributes included. */
const MESSAGE_BYTES = 262_144;

async function topic(attempts = 1): Promise<{ sns: Sns; channel: PageChannel }> {
  const sns = await startSns();
  onTestFinished(() => sns.close());
  const client = new SNSClient({
    endpoint: sns.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: attempts,
  });
  onTestFinished(() => client.destroy());
  return { sns, channel: snsChannel(client, sns.topicArn) };
}

describe('a page', () => {
  test('is one message, with what a program needs beside it', async () => {
    const { sns, channel } = await topic();
    expect(await channel.deliver(PAGE, deadlineIn(10_000))).toEqual({ kind: 'taken' });
    expect(await sns.published()).toEqual([
      {
        id: expect.any(String),
        subject: PAGE.subject,
        message: PAGE.text,
        attributes: { key: PAGE.key, kind: 'opened', severity: 'critical' },
      },
    ]);
  });

  test('has a short message for those who subscribed by SMS', async () => {
    const { sns, channel } = await topic();
    const sms = 'CRITICAL lab: master1 unreachable from 5 of 5 nodes, neighbour-missing';
    await channel.deliver({ ...PAGE, sms }, deadlineIn(10_000));
    expect((await sns.published())[0]?.message).toBe(PAGE.text);
    expect(sns.shortMessages()).toEqual([sms]);
  });

  test('of the core is taken, however long the names are', async () => {
    const { sns, channel } = await topic();
    const name = 'ünïcode-'.repeat(12);
    const facts = cluster(6).lose('neighbour', { subject: 'node1' }).facts({ cluster: name });
    const { pages } = await decided(facts);
    expect(pages).toHaveLength(1);
    for (const page of pages) {
      await channel.deliver({ ...page, subject: page.subject.padEnd(99, '.') }, deadlineIn(10_000));
    }
    expect(await sns.published()).toMatchObject(pages.map(({ text }) => ({ message: text })));
  });

  test.for([
    ['one byte', 'x'],
    ['two bytes', 'é'],
    ['three bytes', '–'],
    ['four bytes', '🔥'],
  ] as const)('that is too long is cut between characters of %s', async ([, character]) => {
    const { sns, channel } = await topic();
    const text = `x${character.repeat(300_000)}`;
    const key = `${'k'.repeat(100)}/pair/${'n'.repeat(253)}:${'n'.repeat(253)}`;
    await channel.deliver({ ...PAGE, key, text }, deadlineIn(10_000));
    const [published] = await sns.published();
    const message = published?.message ?? '';
    expect(text.startsWith(message)).toBe(true);
    expect(message.endsWith(character)).toBe(true);
    expect(Buffer.byteLength(message)).toBeGreaterThan(MESSAGE_BYTES - 5000);
  });

  test('that just fits is sent whole', async () => {
    const { sns, channel } = await topic();
    const text = 'é'.repeat((MESSAGE_BYTES - 4096) / 2);
    await channel.deliver({ ...PAGE, text }, deadlineIn(10_000));
    expect((await sns.published())[0]?.message).toBe(text);
  });

  test('whose answer is lost is sent again, under the same key', async () => {
    const { sns, channel } = await topic(3);
    sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' }, times: 1 });
    await channel.deliver(PAGE, deadlineIn(10_000));
    const published = await sns.published();
    expect(published.map(({ attributes }) => attributes['key'])).toEqual([PAGE.key, PAGE.key]);
  });

  test.for([
    ['AuthorizationError', 403, 'AuthorizationErrorException: not today'],
    ['NotFound', 404, 'NotFoundException: not today'],
    ['InvalidParameter', 400, 'InvalidParameterException: not today'],
    ['KMSAccessDenied', 400, 'KMSAccessDeniedException: not today'],
  ] as const)(
    'that SNS refuses with %s is refused, and says why',
    async ([type, status, reason]) => {
      const { sns, channel } = await topic();
      const error = { type, message: 'not today', status };
      sns.gate.fail({ operation: 'Publish', fault: { kind: 'refused', error } });
      expect(await channel.deliver(PAGE, deadlineIn(10_000))).toEqual({ kind: 'refused', reason });
    },
  );

  test.for([
    ['InternalError', 500],
    ['Throttled', 429],
    ['KMSThrottling', 400],
  ] as const)('that SNS cannot take now (%s) is offered again', async ([type, status]) => {
    const { sns, channel } = await topic();
    const error = { type, message: 'not now', status };
    sns.gate.fail({ operation: 'Publish', fault: { kind: 'refused', error } });
    expect(await channel.deliver(PAGE, deadlineIn(10_000))).toEqual({
      kind: 'not-taken',
      reason: expect.stringContaining('not now'),
    });
  });

  test('that SNS does not answer is given up at the deadline', async () => {
    const { sns, channel } = await topic(3);
    sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    await expect(channel.deliver(PAGE, deadlineIn(1000))).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(sns.gate.count('Publish')).toBe(1);
  });

  test('is not sent after the deadline', async () => {
    const { sns, channel } = await topic();
    sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    await expect(channel.deliver(PAGE, PASSED)).rejects.toMatchObject({ name: 'AbortError' });
    expect(await sns.published()).toEqual([]);
  });
});
