import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Aws, startAws } from '../../lab/aws/aws.ts';
import { type PagerDuty, startPagerDuty } from '../../lab/paging/pagerduty.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../lab/paging/webhook.ts';
import { type Context, handler } from '../../lambda/handler.ts';
import { incidentStore } from '../../lambda/systems/incident-store/incident-store.ts';
import { NOTHING_STORED, type State } from '../../lambda/systems/incident-store/stored.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import { type Report, reportSchema } from '../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { pageAbout } from '../support/pages.ts';
import { cluster } from '../support/cluster.ts';
import { deadlineIn } from '../support/deadlines.ts';
import { decided } from '../support/runs.ts';
import { changeOf } from '../../shared/core/telemetry/events.ts';

const CLUSTER = 'handled';
const TICK = '2020-01-06T09:00:00Z';

/** Time enough for a run of no hosts. */
const REMAINING_MS = 20_000;

let aws: Aws;
let pagerDuty: PagerDuty;
let webhook: WebhookReceiver;
let heart: WebhookReceiver;
const before = { ...process.env };
beforeAll(async () => {
  [pagerDuty, webhook, heart] = await Promise.all([
    startPagerDuty(),
    startWebhookReceiver(),
    startWebhookReceiver(),
  ]);
  const parameters = new Map([
    ['/handled/pagerduty', `${pagerDuty.routingKey}\n`],
    ['/handled/webhook', `${webhook.url}/services/s3cret`],
  ]);
  aws = await startAws({ nodes: [], document: probeDocument(''), parameters });
  Object.assign(process.env, aws.environment, {
    [ENVIRONMENT.cluster]: CLUSTER,
    [ENVIRONMENT.targets]: '[{"Key":"tag:cluster","Values":["lab"]}]',
    [ENVIRONMENT.pagerDutyParameter]: '/handled/pagerduty',
    [ENVIRONMENT.pagerDutyUrl]: pagerDuty.url,
    [ENVIRONMENT.webhookParameter]: '/handled/webhook',
    [ENVIRONMENT.heartbeatUrl]: `${heart.url}/ping/s3cret`,
    OTEL_SDK_DISABLED: 'true',
  });
});
afterAll(async () => {
  for (const name of Object.keys(process.env)) {
    if (!(name in before)) delete process.env[name];
  }
  await Promise.all([aws, pagerDuty, webhook, heart].map((part) => part?.close()));
});

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const { gate } of [aws.ssm, aws.sns, pagerDuty, webhook, heart]) gate.open();
});

function logged(event: string): readonly unknown[] {
  const parsed: readonly unknown[] = lines.map((line) => JSON.parse(line));
  return parsed.filter((line) => Object(line)['event'] === event);
}

/** Lambda gives an event that it delivers twice the same request id. */
function context(): Context {
  const started = Date.now();
  return {
    awsRequestId: '5f0e6f3c-0000-4000-8000-000000000001',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:vtepwatch-lab',
    functionVersion: '7',
    getRemainingTimeInMillis: () => REMAINING_MS - (Date.now() - started),
  };
}

async function run(event: unknown): Promise<Report> {
  return reportSchema.parse(await handler(event, context()));
}

describe('a tick', () => {
  test.for([
    'tomorrow',
    '',
    '2020-01-06',
    '2020-01-06T09:00:00+01:00',
    '9999-01-01T00:00:00Z',
    'none',
  ])('at "%s" is an error, and shuts out no other tick', async (scheduledTime) => {
    await expect(handler({ scheduledTime }, context())).rejects.toThrow(
      'scheduledTime is not ISO 8601 in UTC',
    );
    expect(aws.dynamoDb.gate.calls).toEqual([]);
  });

  test.for([
    [{ scheduledTime: 7 }, 'expected string, received number'],
    [{ testPage: false }, 'at testPage'],
    [{ testPage: 'yes' }, 'at testPage'],
    [{ testPage: true, scheduledTime: TICK }, 'at testPage'],
    [{ noPage: true, scheduledTime: TICK }, 'at noPage'],
    [{ noPage: false }, 'at noPage'],
    ['now', 'expected object'],
  ] as const)('%j is an error that says what is wrong with it', async ([event, wrong]) => {
    await expect(handler(event, context())).rejects.toThrow(
      new RegExp(`^reading the event:[^]*${wrong}`),
    );
    expect(aws.dynamoDb.gate.calls).toEqual([]);
    expect(logged('run.failed')).toHaveLength(1);
  });

  test('that is delivered twice at once, under one request id, runs once', async () => {
    const event = { scheduledTime: TICK };
    const reports = await Promise.all([run(event), run(event)]);
    const refused = reports.filter((report) => report.refused?.includes('has run already'));
    expect(refused).toHaveLength(1);
    expect(aws.ssm.gate.count('SendCommand')).toBe(1);
    expect(logged('run.completed')).toHaveLength(1);
    expect(heart.gate.count('GET')).toBe(1);
  });

  test('is the same in every way of writing its time', async () => {
    const report = await run({ scheduledTime: TICK.replace('Z', '.000Z') });
    expect(report).toMatchObject({
      cluster: CLUSTER,
      verdict: 'unjudged',
      problems: [{ where: CLUSTER, message: expect.stringContaining('has run already') }],
    });
  });

  test('without a time is one of its own', async () => {
    const { problems, refused } = await run({});
    expect(refused).toBeUndefined();
    expect(problems[0]).toEqual({
      where: 'Systems Manager',
      message: expect.stringMatching(/^no host was asked/),
    });
  });
});

describe('a completed run', () => {
  test('tells what it was given, and what would show it more', async () => {
    const { coverage } = await run({});
    expect(coverage).toMatchObject({
      outside: [],
      masters: [],
      channels: ['sns', 'pagerduty', 'webhook'],
    });
    expect(coverage?.gaps.map(({ missing }) => missing)).toEqual([
      'kubernetes',
      'masters',
      'telemetry',
    ]);
  });

  test('is one line of which CloudWatch makes metrics', async () => {
    await run({});
    expect(logged('run.completed')).toEqual([
      {
        event: 'run.completed',
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'vtepwatch',
              Dimensions: [['Cluster']],
              Metrics: [
                { Name: 'RunCompleted', Unit: 'Count' },
                { Name: 'OutboxOldestSeconds', Unit: 'Seconds' },
                { Name: 'HostsReadRatio', Unit: 'None' },
              ],
            },
          ],
        },
        Cluster: CLUSTER,
        RunCompleted: 1,
        OutboxOldestSeconds: 0,
        HostsReadRatio: 0,
      },
    ]);
  });

  test('is one call of the heartbeat', async () => {
    const earlier = heart.gate.count('GET');
    await run({});
    expect(heart.gate.count('GET')).toBe(earlier + 1);
    expect(heart.gate.calls.at(-1)).toMatchObject({ input: { path: '/ping/s3cret' } });
  });

  test.for([
    [{ kind: 'garbled', status: 500, body: '' }, 'answered 500'],
    [{ kind: 'dropped-before' }, 'no answer: ECONNRESET'],
    [{ kind: 'stalled' }, 'no answer: none in time'],
  ] as const)(
    'fails by no heartbeat (%j); the address is not in the log',
    async ([fault, error]) => {
      heart.gate.fail({ operation: 'GET', fault });
      expect(await run({})).toMatchObject({ cluster: CLUSTER });
      expect(logged('heartbeat.failed')).toEqual([
        { event: 'heartbeat.failed', cluster: CLUSTER, error },
      ]);
      expect(logged('run.completed')).toHaveLength(1);
      expect(lines.join('')).not.toContain('s3cret');
    },
  );
});

describe('a run that is not complete', () => {
  test('beats no heart and counts as none', async () => {
    aws.dynamoDb.gate.fail({
      operation: 'PutItem',
      // The lease is taken; incidents and outbox cannot be written.
      skip: 1,
      fault: { kind: 'refused', error: { type: 'AccessDenied', message: 'no', status: 400 } },
    });
    const earlier = heart.gate.count('GET');
    await expect(run({})).rejects.toThrow('its state is not stored');
    aws.dynamoDb.gate.open();
    expect(logged('run.completed')).toEqual([]);
    expect(heart.gate.count('GET')).toBe(earlier);
  });
});

describe('a pending page', () => {
  const client = (): DynamoDBClient => new DynamoDBClient({ endpoint: aws.dynamoDb.url });

  /** What a run finds, which leaves what it is given. */
  async function exchange(state?: State): Promise<State> {
    const table = { client: client(), table: aws.dynamoDb.tableName, cluster: CLUSTER };
    const now = Date.now();
    const scheduledTime = new Date(now).toISOString();
    const tick = { scheduledTime, owner: scheduledTime, now, expiresAt: now + 10_000 };
    const lease = await incidentStore(table).acquire(tick, deadlineIn(10_000));
    if (lease.kind === 'refused') throw new Error(lease.reason);
    if (state !== undefined) await lease.saveState(state, deadlineIn(10_000));
    await lease.release(deadlineIn(10_000));
    table.client.destroy();
    return lease.state;
  }

  test('of which the log has nothing yet is logged by the next run, once', async () => {
    const { announcements } = await decided(cluster(6).lose('fdb', { subject: 'node1' }).facts());
    const changes = announcements.map((one) => changeOf(one, Date.now()));
    await exchange({ ...NOTHING_STORED, changes });
    await run({});
    await run({});
    expect(logged('incident.opened')).toMatchObject([{ key: 'prod/subject/node1' }]);
    expect((await exchange()).changes).toEqual([]);
  });

  test('is crossed off although another channel hangs to the end of the run', async () => {
    const page = { ...pageAbout('master1'), at: Date.now(), kind: 'opened' } as const;
    await exchange({ ...NOTHING_STORED, outbox: [{ page, channels: ['sns', 'pagerduty'] }] });
    const error = { type: 'AuthorizationError', message: 'no', status: 403 } as const;
    aws.sns.gate.fail({ operation: 'Publish', fault: { kind: 'refused', error }, times: 1 });
    pagerDuty.gate.fail({ operation: '*', fault: { kind: 'stalled' } });
    await run({});
    expect(logged('outbox.save-failed')).toEqual([]);
    const { outbox } = await exchange(NOTHING_STORED);
    expect(outbox.map(({ channels }) => channels)).toEqual([['pagerduty']]);
  });
});

describe('a test page', () => {
  test('goes through every channel; no host is asked, no lease taken, nothing stored', async () => {
    const calls = [aws.dynamoDb.gate.calls.length, aws.ssm.gate.count('SendCommand')];
    expect(await handler({ testPage: true }, context())).toEqual({
      cluster: CLUSTER,
      channels: [
        { name: 'sns', delivered: true, subscribers: 1 },
        { name: 'pagerduty', delivered: true },
        { name: 'webhook', delivered: true },
      ],
    });
    const [published] = (await aws.sns.published()).slice(-1);
    expect(published).toMatchObject({
      subject: '[handled] test page, nothing is wrong',
      attributes: { kind: 'test', severity: 'info' },
    });
    expect(pagerDuty.alerts().at(-1)?.payloads).toMatchObject([{ severity: 'info' }]);
    expect(webhook.received().at(-1)).toMatchObject({
      path: '/services/s3cret',
      document: { kind: 'test', text: published?.message },
    });
    expect([aws.dynamoDb.gate.calls.length, aws.ssm.gate.count('SendCommand')]).toEqual(calls);
  });

  test('says which channel did not take it, and why, without any secret', async () => {
    pagerDuty.gate.fail({
      operation: '*',
      fault: {
        kind: 'garbled',
        status: 400,
        body: JSON.stringify({ message: `no key ${pagerDuty.routingKey}` }),
      },
    });
    webhook.gate.fail({ operation: 'POST', fault: { kind: 'dropped-before' } });
    const result = await handler({ testPage: true }, context());
    expect(result).toEqual({
      cluster: CLUSTER,
      channels: [
        { name: 'sns', delivered: true, subscribers: 1 },
        { name: 'pagerduty', delivered: false, reason: 'refused: answered 400: no key ***' },
        { name: 'webhook', delivered: false, reason: 'no answer: ECONNRESET' },
      ],
    });
    const shown = `${JSON.stringify(result)}${lines.join('')}`;
    expect(shown).not.toContain(pagerDuty.routingKey);
    expect(shown).not.toContain('s3cret');
  });

  test('that is asked for twice is two alerts: the first hides none', async () => {
    const earlier = pagerDuty.alerts().length;
    await handler({ testPage: true }, context());
    await handler({ testPage: true }, context());
    expect(pagerDuty.alerts()).toHaveLength(earlier + 2);
  });
});
