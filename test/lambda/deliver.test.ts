import { SNSClient } from '@aws-sdk/client-sns';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Sns, startSns } from '../../lab/aws/sns.ts';
import { type Deadline, deadlineIn } from '../../lambda/deadline.ts';
import { deliver, owed, owedOf } from '../../lambda/deliver.ts';
import { type PageRoute, snsRoute } from '../../lambda/shell/sns.ts';
import type { Page, PageKind } from '../../shared/core/page/page.ts';

const BROKEN = {
  kind: 'refused',
  error: { type: 'InternalError', message: 'out of order', status: 500 },
} as const;

interface NamedRoute extends PageRoute {
  readonly sns: Sns;
}

/** A topic of its own for each route, so that one may fail beside the other. */
async function route(name: string): Promise<NamedRoute> {
  const sns = await startSns();
  onTestFinished(() => sns.close());
  const client = new SNSClient({
    endpoint: sns.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return { ...snsRoute(client, sns.topicArn), name, sns };
}

function page(subject: string, kind: PageKind): Page {
  return { key: `lab/subject/${subject}`, kind, severity: 'critical', subject, text: 'text' };
}

async function came({ sns }: NamedRoute): Promise<readonly string[]> {
  const published = await sns.published();
  return published.map(({ subject, attributes }) => `${subject} ${attributes['kind']}`);
}

function soon(): Deadline {
  return deadlineIn(10_000);
}

describe('deliver', () => {
  let one: NamedRoute;
  let two: NamedRoute;
  beforeEach(async () => {
    [one, two] = await Promise.all([route('one'), route('two')]);
  });

  test('every page is owed to every route', () => {
    const pages = [page('master1', 'opened'), page('node1', 'opened')];
    expect(owed(pages, [one, two])).toEqual(
      pages.map((each) => ({ page: each, routes: ['one', 'two'] })),
    );
    expect(owed([], [one])).toEqual([]);
  });

  test('all that is owed goes out in order, and nothing is left', async () => {
    const pages = [page('master1', 'opened'), page('node1', 'opened'), page('master1', 'resolved')];
    expect(await deliver(owed(pages, [one, two]), [one, two], soon())).toEqual([]);
    for (const each of [one, two]) {
      expect(await came(each)).toEqual(['master1 opened', 'node1 opened', 'master1 resolved']);
    }
  });

  test('nothing owed is no call', async () => {
    expect(await deliver([], [one], soon())).toEqual([]);
    expect(one.sns.gate.calls).toEqual([]);
  });

  test('what one route does not take is owed to that route alone', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN, times: 1 });
    const opened = page('master1', 'opened');
    const left = await deliver(owed([opened], [one, two]), [one, two], soon());
    expect(left).toEqual([{ page: opened, routes: ['one'] }]);
    expect([owedOf(owed([opened], [one, two])), owedOf(left), owedOf([])]).toEqual([2, 1, 0]);
    expect(await deliver(left, [one, two], soon())).toEqual([]);
    expect(await came(one)).toEqual(['master1 opened']);
    expect(await came(two)).toEqual(['master1 opened']);
  });

  test('a later page of the same incident waits on that route for the earlier one', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN, times: 1 });
    const pages = [page('master1', 'opened'), page('node1', 'opened'), page('master1', 'resolved')];
    const left = await deliver(owed(pages, [one, two]), [one, two], soon());
    expect(left).toEqual([
      { page: pages[0], routes: ['one'] },
      { page: pages[2], routes: ['one'] },
    ]);
    expect(await came(one)).toEqual(['node1 opened']);
    expect(await came(two)).toEqual(['master1 opened', 'node1 opened', 'master1 resolved']);

    expect(await deliver(left, [one, two], soon())).toEqual([]);
    expect(await came(one)).toEqual(['node1 opened', 'master1 opened', 'master1 resolved']);
  });

  test('a page whose answer is lost comes twice, under one key', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' }, times: 1 });
    const left = await deliver(owed([page('master1', 'opened')], [one]), [one], soon());
    expect(left).toHaveLength(1);
    expect(await deliver(left, [one], soon())).toEqual([]);
    expect(await came(one)).toEqual(['master1 opened', 'master1 opened']);
  });

  test('a page for a route that is no longer configured is owed to nobody', async () => {
    const opened = page('master1', 'opened');
    const outbox = [
      { page: opened, routes: ['gone'] },
      { page: page('node1', 'opened'), routes: ['gone', 'one'] },
    ];
    expect(await deliver(outbox, [one], soon())).toEqual([]);
    expect(await came(one)).toEqual(['node1 opened']);
  });

  test('a route that is no longer configured holds up nobody', async () => {
    const outbox = [
      { page: page('master1', 'opened'), routes: ['gone'] },
      { page: page('master1', 'resolved'), routes: ['one'] },
    ];
    expect(await deliver(outbox, [one], soon())).toEqual([]);
    expect(await came(one)).toEqual(['master1 resolved']);
  });

  test('what the deadline cuts off stays owed, in order', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' }, skip: 1 });
    const pages = ['master1', 'node1', 'node2'].map((name) => page(name, 'opened'));
    const left = await deliver(owed(pages, [one]), [one], deadlineIn(3000));
    expect(left.map(({ page: { subject } }) => subject)).toEqual(['node1', 'node2']);
  });

  test('a route that hangs is given up, however far the deadline is', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    const pages = ['master1', 'node1', 'node2', 'node3'].map((name) => page(name, 'opened'));
    const outbox = owed(pages, [one]);
    expect(await deliver(outbox, [one], deadlineIn(600_000))).toEqual(outbox);
  });
});
