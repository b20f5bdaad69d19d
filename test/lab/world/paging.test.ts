import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lab/faults.ts';
import { type PagerDuty, startPagerDuty } from '../../../lab/paging/pagerduty.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../../lab/paging/webhook.ts';
import { fixAsThePageSays } from '../../../lab/story/fix.ts';
import { teller } from '../../../lab/program.ts';
import { startWorld, type World } from '../../../lab/world.ts';
import type { Report } from '../../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../../shared/contract/settings.ts';

const KEY = 'demo/subject/master1';
const RUNS = 4;

let world: World;
let pagerDuty: PagerDuty;
let webhook: WebhookReceiver;

beforeAll(async () => {
  [pagerDuty, webhook] = await Promise.all([startPagerDuty(), startWebhookReceiver()]);
  world = await startWorld({
    cluster: 'demo',
    limits: { secondLookSeconds: 1, slowSeconds: 3 },
    dialSeconds: 2,
    parameters: new Map([
      ['/vtepwatch/demo/pagerduty', pagerDuty.routingKey],
      ['/vtepwatch/demo/webhook', `${webhook.url}/hooks/s3cret`],
    ]),
    env: {
      [ENVIRONMENT.pagerDutyParameter]: '/vtepwatch/demo/pagerduty',
      [ENVIRONMENT.pagerDutyUrl]: pagerDuty.url,
      [ENVIRONMENT.webhookParameter]: '/vtepwatch/demo/webhook',
    },
  });
  await world.tick();
});
afterAll(async () => {
  await Promise.all([world, pagerDuty, webhook].map((part) => part?.close()));
});

async function untilHealthy(): Promise<Report> {
  let report = await world.tick();
  for (let run = 1; run < RUNS && report.verdict !== 'healthy'; run++) report = await world.tick();
  return report;
}

async function kindsOnSns(): Promise<readonly (string | undefined)[]> {
  return (await world.newPages()).map(({ attributes }) => attributes['kind']);
}

/** What the last run said of itself to CloudWatch. */
function lastCompletion(): object {
  const lines = world.function.logs.filter((line) => line.includes('"event":"run.completed"'));
  return Object(JSON.parse(lines.at(-1) ?? '{}'));
}

describe('an incident while PagerDuty refuses and the webhook is down', () => {
  test('pages through SNS; the report says what is pending, and why', async () => {
    pagerDuty.gate.fail({
      operation: '*',
      fault: { kind: 'garbled', status: 400, body: '{"message":"Invalid routing key"}' },
    });
    const error = { type: 'Busy', message: 'busy', status: 503 };
    webhook.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    await world.inflict(...FAULTS['neighbour-missing'].damage);
    const { problems } = await world.tick();
    expect(await kindsOnSns()).toEqual(['opened']);
    const pending =
      '1 page is pending: "[CRITICAL] demo: master1 unreachable from 5 of 5 nodes (neighbour-missing)"';
    expect(problems).toContainEqual({
      where: 'pagerduty',
      message: `${pending}: refused: answered 400: Invalid routing key`,
    });
    expect(problems).toContainEqual({
      where: 'webhook',
      message: `${pending}: answered 503`,
    });
  });

  test('is resolved on SNS alone, and the age of the pending pages grows', async () => {
    const [incident] = (await world.tick()).incidents;
    if (incident === undefined) throw new Error('the incident has gone');
    await fixAsThePageSays(
      incident,
      world,
      teller(() => {}),
    );
    expect((await untilHealthy()).verdict).toBe('healthy');
    expect(await kindsOnSns()).toEqual(['resolved']);
    const { OutboxOldestSeconds: age } = { OutboxOldestSeconds: 0, ...lastCompletion() };
    expect(age).toBeGreaterThan(2);
  });

  test('comes to both in order once they are back, and nothing is pending any more', async () => {
    pagerDuty.gate.open();
    webhook.gate.open();
    await world.tick();
    expect(pagerDuty.alerts()).toMatchObject([
      { dedupKey: KEY, status: 'resolved', payloads: [{ custom_details: { kind: 'opened' } }] },
    ]);
    const taken = webhook.received().map(({ document: { key, kind } }) => `${kind} ${key}`);
    expect(taken).toEqual([`opened ${KEY}`, `resolved ${KEY}`]);
    expect(lastCompletion()).toMatchObject({ OutboxOldestSeconds: 0 });
    expect(await kindsOnSns()).toEqual([]);
  });

  test('has left no secret in any log line', () => {
    const lines = world.function.logs.join('\n');
    expect(lines).toContain('page.undelivered');
    expect(lines).not.toContain('s3cret');
    expect(lines).not.toContain(pagerDuty.routingKey);
  });
});
