import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Sns } from '../../lab/aws/sns.ts';
import { type Deadline } from '../../lambda/deadline.ts';
import { deliver, outboxOf, pendingIn } from '../../lambda/deliver.ts';
import type { PageChannel } from '../../lambda/systems/page-channel.ts';
import type { OutboxEntry } from '../../lambda/systems/incident-store/stored.ts';
import type { Page, PageKind } from '../../shared/core/page/page.ts';
import { pageAbout } from '../support/pages.ts';
import { deadlineIn } from '../support/deadlines.ts';
import { openTopic } from '../support/topics.ts';

const BROKEN = {
  kind: 'refused',
  error: { type: 'InternalError', message: 'out of order', status: 500 },
} as const;

/** A page whose answer has not come: it goes out again a minute later. */
function repeated(due: readonly OutboxEntry[]): readonly unknown[] {
  return due.map(({ page: each, channels }) => ({
    page: each,
    channels,
    lostAnswers: channels.map((name) => ({
      channel: name,
      times: 1,
      notBefore: expect.any(Number),
    })),
  }));
}

/** The outbox as a run finds it after so many minutes. */
function afterMinutes(outbox: readonly OutboxEntry[], minutes: number): readonly OutboxEntry[] {
  return outbox.map((entry) => ({
    ...entry,
    lostAnswers: entry.lostAnswers?.map((one) => ({
      ...one,
      notBefore: one.notBefore - minutes * 60_000,
    })),
  }));
}

const REFUSES = {
  kind: 'refused',
  error: { type: 'AuthorizationError', message: 'not allowed', status: 403 },
} as const;

const HOUR_MS = 3_600_000;

interface NamedChannel extends PageChannel {
  readonly sns: Sns;
}

/** A topic of its own for each channel, so that one may fail beside the other. */
async function channel(name: string): Promise<NamedChannel> {
  const { sns, channel: topic } = await openTopic();
  return { ...topic, name, sns };
}

function page(node: string, kind: PageKind, hoursAgo = 0): Page {
  return pageAbout(node, kind, { subject: node, at: Date.now() - hoursAgo * HOUR_MS });
}

async function came({ sns }: NamedChannel): Promise<readonly string[]> {
  const published = await sns.published();
  return published.map(({ subject, attributes }) => `${subject} ${attributes['kind']}`);
}

function soon(): Deadline {
  return deadlineIn(10_000);
}

let one: NamedChannel;
let two: NamedChannel;
const lines: string[] = [];
beforeEach(async () => {
  [one, two] = await Promise.all([channel('one'), channel('two')]);
  lines.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The events of the log about pages that were not delivered. */
function logged(event: string): readonly unknown[] {
  return lines.flatMap((line) => (line.includes(`"event":"${event}"`) ? [JSON.parse(line)] : []));
}

describe('pages that are pending', () => {
  test('are all new pages, on every channel', () => {
    const pages = [page('master1', 'opened'), page('node1', 'opened')];
    expect(outboxOf(pages, [one, two])).toEqual(
      pages.map((each) => ({ page: each, channels: ['one', 'two'] })),
    );
    expect(outboxOf([], [one])).toEqual([]);
  });

  test('goes out, an incident’s pages in order, and nothing is left', async () => {
    const pages = [page('master1', 'opened'), page('node1', 'opened'), page('master1', 'resolved')];
    expect(await deliver(outboxOf(pages, [one, two]), [one, two], soon())).toEqual({
      outbox: [],
      dropped: [],
      undelivered: [],
    });
    for (const each of [one, two]) {
      const taken = await came(each);
      expect(taken.toSorted()).toEqual(['master1 opened', 'master1 resolved', 'node1 opened']);
      expect(taken.indexOf('master1 opened')).toBeLessThan(taken.indexOf('master1 resolved'));
    }
  });

  test('is nothing: no call', async () => {
    expect((await deliver([], [one], soon())).outbox).toEqual([]);
    expect(one.sns.gate.calls).toEqual([]);
  });

  test('is pending only on the channel that did not take it, and the report says why', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN, times: 1 });
    const opened = page('master1', 'opened');
    const due = outboxOf([opened], [one, two]);
    const { outbox, undelivered, dropped } = await deliver(due, [one, two], soon());
    expect(outbox).toEqual([{ page: opened, channels: ['one'] }]);
    expect([pendingIn(due), pendingIn(outbox), pendingIn([])]).toEqual([2, 1, 0]);
    expect(dropped).toEqual([]);
    expect(undelivered).toEqual([
      {
        where: 'one',
        message: '1 page is pending: "master1": InternalErrorException: out of order',
      },
    ]);
    expect((await deliver(outbox, [one, two], soon())).outbox).toEqual([]);
    expect(await came(one)).toEqual(['master1 opened']);
    expect(await came(two)).toEqual(['master1 opened']);
  });

  test('of a later page of the same incident waits on that channel for the earlier one', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN, times: 1 });
    const pages = [page('master1', 'opened'), page('node1', 'opened'), page('master1', 'resolved')];
    const { outbox, undelivered } = await deliver(outboxOf(pages, [one, two]), [one, two], soon());
    expect(outbox).toEqual([
      { page: pages[0], channels: ['one'] },
      { page: pages[2], channels: ['one'] },
    ]);
    expect(undelivered).toMatchObject([
      { message: expect.stringMatching(/^2 pages are pending, first "/) },
    ]);
    expect(await came(one)).toEqual(['node1 opened']);
    expect(await came(two)).toHaveLength(3);

    expect((await deliver(outbox, [one, two], soon())).outbox).toEqual([]);
    expect(await came(one)).toEqual(['node1 opened', 'master1 opened', 'master1 resolved']);
  });

  test('comes again, later each time, where the answer is lost', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' } });
    const waits: number[] = [];
    let due = outboxOf([page('master1', 'opened')], [one]);
    for (const minutes of [0, 1, 5, 15, 15, 15, 60]) {
      due = afterMinutes(due, minutes);
      const began = Date.now();
      due = (await deliver(due, [one], soon())).outbox;
      waits.push(Math.round(((due[0]?.lostAnswers?.[0]?.notBefore ?? 0) - began) / 1000));
      // Neither the same run nor the next one sends it again before its time.
      const again = await deliver(due, [one], soon());
      expect(again.outbox).toEqual(due);
      expect(again.undelivered[0]?.message).toContain('its answer was lost, and it goes out again');
    }
    // Half a minute early: the next run may come to it sooner than this one did.
    expect(waits).toEqual([30, 270, 870, 870, 870, 3570, 3570]);
    expect(await came(one)).toEqual(Array.from({ length: 7 }, () => 'master1 opened'));

    one.sns.gate.open();
    expect((await deliver(afterMinutes(due, 60), [one], soon())).outbox).toEqual([]);
    expect((await came(one)).slice(7)).toEqual(['master1 opened']);
  });

  test('holds back no RESOLVED after three lost answers, and is not sent behind it', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' }, times: 4 });
    let due = outboxOf([page('master1', 'opened'), page('master1', 'resolved')], [one]);
    for (const minutes of [0, 1, 5]) {
      due = (await deliver(afterMinutes(due, minutes), [one], soon())).outbox;
    }
    // The third answer was lost, so the end went out, and its answer was lost as well.
    expect(await came(one)).toEqual([
      ...Array.from({ length: 3 }, () => 'master1 opened'),
      'master1 resolved',
    ]);
    const last = await deliver(afterMinutes(due, 1), [one], soon());
    expect(last.outbox).toEqual([]);
    expect(last.dropped).toEqual([
      {
        where: 'one',
        message: expect.stringContaining('its answers were lost, and its RESOLVED was taken'),
      },
    ]);
    expect((await came(one)).slice(4)).toEqual(['master1 resolved']);
  });

  test('whose answers are lost for a day is dropped', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'dropped-after' } });
    const due = outboxOf([page('master1', 'opened', 24)], [one]);
    const { outbox, dropped } = await deliver(due, [one], soon());
    expect(outbox).toEqual([]);
    expect(dropped[0]?.message).toContain('not taken for 24 hours');
  });

  test('goes out with the next run where nobody can have taken it', async () => {
    await one.sns.close();
    const due = outboxOf([page('master1', 'opened')], [one, two]);
    const { outbox, undelivered } = await deliver(due, [one, two], soon());
    expect(outbox).toEqual(due.map((entry) => ({ ...entry, channels: ['one'] })));
    expect(undelivered[0]?.message).toContain('ECONNREFUSED');
  });

  test('stays pending, in order, where the deadline cuts it off', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    const pages = ['master1', 'node1', 'node2'].map((name) => page(name, 'opened'));
    const due = outboxOf(pages, [one]);
    expect((await deliver(due, [one], deadlineIn(1000))).outbox).toEqual(repeated(due));
    expect((await deliver(due, [one], deadlineIn(0))).outbox).toEqual(due);
  });
});

describe('a channel that hangs', () => {
  test('is given up, however far the deadline is', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    const pages = ['master1', 'node1', 'node2', 'node3'].map((name) => page(name, 'opened'));
    const due = outboxOf(pages, [one]);
    expect((await deliver(due, [one], deadlineIn(600_000))).outbox).toEqual(repeated(due));
  });

  test('keeps no page from another channel', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' } });
    const pages = ['master1', 'node1', 'node2'].map((name) => page(name, 'opened'));
    const { outbox } = await deliver(outboxOf(pages, [one, two]), [one, two], deadlineIn(1000));
    expect(outbox).toEqual(repeated(outboxOf(pages, [one])));
    expect(await came(two)).toHaveLength(3);
  });

  test('on the page of one incident keeps no other incident’s page', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: { kind: 'stalled' }, times: 1 });
    const pages = ['master1', 'node1', 'node2'].map((name) => page(name, 'opened'));
    const { outbox } = await deliver(outboxOf(pages, [one]), [one], deadlineIn(1000));
    expect(outbox).toEqual(repeated(outboxOf(pages.slice(0, 1), [one])));
  });
});

describe('a page that a channel refuses', () => {
  test('is offered for a day, since a person may fix the channel', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: REFUSES });
    const due = outboxOf([page('master1', 'opened', 23.9), page('node1', 'opened')], [one]);
    const { outbox, undelivered, dropped } = await deliver(due, [one], soon());
    expect(outbox).toEqual(due);
    expect(dropped).toEqual([]);
    expect(undelivered).toEqual([
      {
        where: 'one',
        message: expect.stringMatching(
          /^2 pages are pending, first .*: refused: AuthorizationErrorException: not allowed$/,
        ),
      },
    ]);
    one.sns.gate.open();
    expect((await deliver(outbox, [one], soon())).outbox).toEqual([]);
  });

  test('is dropped after a day, with the reason, and what waited for it goes on', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: REFUSES, times: 1 });
    const due = outboxOf([page('master1', 'opened', 24), page('master1', 'resolved', 1)], [one]);
    const { outbox, dropped } = await deliver(due, [one], soon());
    expect(outbox).toEqual([]);
    const reason = 'not taken for 24 hours; refused: AuthorizationErrorException: not allowed';
    expect(dropped).toEqual([
      { where: 'one', message: `the page "master1" was dropped: ${reason}` },
    ]);
    expect(logged('page.dropped')).toEqual([
      {
        event: 'page.dropped',
        key: 'lab/subject/master1',
        kind: 'opened',
        channel: 'one',
        reason,
      },
    ]);
    expect(await came(one)).toEqual(['master1 resolved']);
  });

  test('keeps no other incident’s page', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: REFUSES, times: 1 });
    const pages = [page('master1', 'opened', 23), page('node1', 'opened')];
    const { outbox } = await deliver(outboxOf(pages, [one]), [one], soon());
    expect(outbox).toEqual(outboxOf(pages.slice(0, 1), [one]));
    expect(await came(one)).toEqual(['node1 opened']);
  });
});

describe('a page is never dropped without a line', () => {
  test('one that no try has brought through for a week', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN });
    const due = outboxOf([page('master1', 'opened', 167.9), page('node1', 'opened', 168)], [one]);
    const { outbox, dropped } = await deliver(due, [one], soon());
    expect(outbox).toEqual(due.slice(0, 1));
    const reason = 'not taken for 168 hours; InternalErrorException: out of order';
    expect(dropped).toEqual([{ where: 'one', message: `the page "node1" was dropped: ${reason}` }]);
    expect(logged('page.dropped')).toMatchObject([{ key: 'lab/subject/node1', reason }]);
  });

  test('one whose channel is no longer configured; it holds up nobody', async () => {
    const outbox = [
      { page: page('master1', 'opened'), channels: ['gone'] },
      { page: page('master1', 'resolved'), channels: ['gone', 'one'] },
    ];
    const delivered = await deliver(outbox, [one], soon());
    expect(delivered.outbox).toEqual([]);
    expect(await came(one)).toEqual(['master1 resolved']);
    const reason = 'its channel is no longer configured';
    expect(logged('page.dropped')).toMatchObject([
      { key: 'lab/subject/master1', kind: 'opened', channel: 'gone', reason },
      { key: 'lab/subject/master1', kind: 'resolved', channel: 'gone', reason },
    ]);
    expect(delivered.dropped.map(({ where }) => where)).toEqual(['gone', 'gone']);
  });

  test('the oldest, where more than two hundred wait', async () => {
    one.sns.gate.fail({ operation: 'Publish', fault: BROKEN });
    const pages = Array.from({ length: 203 }, (_, number) => page(`node${number}`, 'opened'));
    const delivered = await deliver(outboxOf(pages, [one]), [one], soon());
    expect(delivered.outbox).toEqual(outboxOf(pages.slice(3), [one]));
    expect(logged('page.dropped').map((line) => Object(line)['reason'])).toEqual(
      Array.from({ length: 3 }, () => 'more than 200 pages are pending'),
    );
  });

  test('and none before it was offered, however many a run writes', async () => {
    const taken: string[] = [];
    const quick: PageChannel = {
      name: 'quick',
      deliver: async ({ key }) => {
        taken.push(key);
        return { kind: 'taken' };
      },
    };
    const pages = Array.from({ length: 300 }, (_, number) => page(`node${number}`, 'opened'));
    const delivered = await deliver(outboxOf(pages, [quick]), [quick], soon());
    expect(delivered).toEqual({ outbox: [], dropped: [], undelivered: [] });
    expect(taken).toEqual(pages.map(({ key }) => key));
  });
});

test('a channel gets the pages of ten incidents at a time, however many there are', async () => {
  let now = 0;
  let most = 0;
  const slow: PageChannel = {
    name: 'slow',
    deliver: async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      now -= 1;
      return { kind: 'taken' };
    },
  };
  const pages = Array.from({ length: 50 }, (_, number) => page(`node${number}`, 'opened'));
  expect((await deliver(outboxOf(pages, [slow]), [slow], soon())).outbox).toEqual([]);
  expect(most).toBe(10);
});
