import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partition } from '../../lab/damage.ts';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { type SimulatedWorld, startSimulatedWorld } from '../../lab/world.ts';
import type { Attributes } from '../../lab/otlp/protos.ts';
import { type PagerDuty, startPagerDuty } from '../../lab/paging/pagerduty.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../lab/paging/webhook.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import {
  type AttributeDefinition,
  ATTRIBUTES,
  EVENTS,
  FAILED_SPAN_ATTRIBUTE,
  METRICS,
  type SpanDefinition,
  SPANS,
  TELEMETRY_SCOPE,
} from '../../shared/contract/telemetry.ts';

/** What the bundle sends to an OTLP backend in runs of every kind, against the table of telemetry. */

const FUNCTION_NAME = 'vtepwatch';
const TOKEN = 's3cret-token';

let world: SimulatedWorld;
let pagerDuty: PagerDuty;
let webhook: WebhookReceiver;

beforeAll(async () => {
  [pagerDuty, webhook] = await Promise.all([startPagerDuty(), startWebhookReceiver()]);
  world = await startSimulatedWorld(simulatedHosts(36, 1), {
    kubernetes: { imageBytes: 0 },
    limits: { secondLookSeconds: 1, slowSeconds: 3 },
    service: { invisibleMilliseconds: 0, countsLateMilliseconds: 0 },
    parameters: new Map([
      ['/simulated/pagerduty', pagerDuty.routingKey],
      ['/simulated/webhook', `${webhook.url}/services/${TOKEN}`],
    ]),
    env: {
      [ENVIRONMENT.pagerDutyParameter]: '/simulated/pagerduty',
      [ENVIRONMENT.pagerDutyUrl]: pagerDuty.url,
      [ENVIRONMENT.webhookParameter]: '/simulated/webhook',
    },
  });
  await playEverything();
}, 120_000);
afterAll(async () => {
  await Promise.all([world, pagerDuty, webhook].map((part) => part?.close()));
});

async function playEverything(): Promise<void> {
  const { aws, cluster } = world;
  await world.tick();
  // A fault opens, and no channel takes its page at first; then it changes its cause, and heals.
  const fault = { kind: 'lost', on: 'all', of: ['node3'] } as const;
  const error = { type: 'AuthorizationError', message: 'no', status: 403 } as const;
  aws.sns.gate.fail({ operation: 'Publish', fault: { kind: 'refused', error }, times: 1 });
  pagerDuty.gate.fail({ operation: '*', fault: { kind: 'dropped-before' }, times: 1 });
  webhook.gate.fail({ operation: 'POST', fault: { kind: 'dropped-before' }, times: 1 });
  cluster.inflict({ ...fault, tables: ['neighbour'] });
  await world.tick();
  cluster.inflict({ ...fault, tables: ['fdb'] });
  await world.tick();
  cluster.heal();
  await world.tick();
  // A fault of the whole cluster; then one for which tables must be read in full, and long ones.
  const names = cluster.hosts.map(({ name }) => name);
  cluster.inflict(...partition(names.slice(0, 12), names.slice(12)));
  await world.tick();
  const losses = { kind: 'lost-at-random', share: 0.5, seed: 1 } as const;
  cluster.heal();
  cluster.inflict(losses, { kind: 'ghosts', on: 'all', each: 300 });
  await world.tick();
  // A silent host; a service that refuses; a run that fails; a test page.
  cluster.heal();
  aws.ssm.behaveNode(cluster.hosts[5]?.instanceId ?? '', {
    kind: 'answers',
    stdout: 'nothing of use',
  });
  await world.tick();
  aws.ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
  await world.tick();
  aws.dynamoDb.gate.fail({ operation: 'PutItem', fault: { kind: 'refused', error } });
  await expect(world.tick()).rejects.toThrow('its state is not stored');
  for (const { gate } of [aws.ssm, aws.dynamoDb]) gate.open();
  await world.function.invoke({ testPage: true }, { timeoutSeconds: 20 });
}

/** The names of all attributes that records of one name had, and those that all of them had. */
interface SeenAttributes {
  readonly any: readonly string[];
  readonly all: readonly string[];
}

type Records = readonly { readonly name: string; readonly attributes: Attributes }[];

function seenIn(records: Records): Readonly<Record<string, SeenAttributes>> {
  const seen = [...Map.groupBy(records, ({ name }) => name)].map(([name, alike]) => {
    const names = alike.map(({ attributes }) => new Set(Object.keys(attributes)));
    const any = names.reduce((one, other) => one.union(other));
    const all = names.reduce((one, other) => one.intersection(other));
    return [name, { any: [...any].toSorted(), all: [...all].toSorted() }] as const;
  });
  return Object.fromEntries(seen);
}

/** Each record's attributes, those that it has to have and those that it may have. */
function tableOf(
  records: Readonly<
    Record<
      string,
      { readonly attributes: readonly string[]; readonly optional?: readonly string[] }
    >
  >,
): Readonly<Record<string, SeenAttributes>> {
  return Object.fromEntries(
    Object.entries(records).map(([name, { attributes, optional = [] }]) => [
      name,
      {
        any: [...attributes, ...optional].toSorted(),
        all: expect.arrayContaining([...attributes]),
      },
    ]),
  );
}

function spans() {
  return world.otlp
    .spans()
    .map((span) => ({ ...span, name: span.name === FUNCTION_NAME ? 'function' : span.name }));
}

function events() {
  return world.otlp.logs().map((log) => ({ ...log, name: log.event ?? 'without a name' }));
}

function points() {
  return world.otlp.points().map((point) => ({ ...point, name: point.metric }));
}

describe('in runs of every kind', () => {
  test('every metric of the table was sent, and no other, with its attributes', () => {
    expect(seenIn(points())).toEqual(tableOf(METRICS));
  });

  test('every event of the table was sent, and no other, with its attributes', () => {
    expect(seenIn(events())).toEqual(tableOf(EVENTS));
  });

  test('every span of the table was sent, and no other, with its attributes and its kind', () => {
    const withoutError = spans().map(({ name, attributes }) => {
      const { [FAILED_SPAN_ATTRIBUTE]: _error, ...others } = attributes;
      return { name, attributes: others };
    });
    expect(seenIn(withoutError)).toEqual(tableOf(SPANS));
    const kinds = new Map(spans().map(({ name, kind }) => [name, kind]));
    expect(Object.fromEntries(kinds)).toEqual(
      Object.fromEntries(
        Object.entries<SpanDefinition>(SPANS).map(([name, { kind }]) => [name, KINDS[kind]]),
      ),
    );
  });

  test('a span has an error type if it failed, and else none', () => {
    const failed = spans().filter(({ statusCode }) => statusCode === 2);
    const typed = spans().filter(({ attributes }) => FAILED_SPAN_ATTRIBUTE in attributes);
    expect(typed).toEqual(failed);
    expect(new Set(failed.map(({ name }) => name))).toEqual(
      new Set([
        'function',
        'vtepwatch.check',
        'vtepwatch.collect',
        'SSM.SendCommand',
        'DynamoDB.PutItem',
        'SNS.Publish',
        'POST pagerduty',
        'POST webhook',
      ]),
    );
  });

  test('every attribute has its type, and one of its values', () => {
    const wrong = [...points(), ...events(), ...spans()].flatMap(({ name, attributes }) =>
      Object.entries(attributes).flatMap(([attribute, value]) =>
        fits(attribute, value) ? [] : [`${name}: ${attribute} ${JSON.stringify(value)}`],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('every record is of the own scope, and none has a secret', () => {
    const records = [...points(), ...events(), ...spans()];
    expect(new Set(records.map(({ scope }) => scope))).toEqual(new Set([TELEMETRY_SCOPE]));
    const sent = records.map((record) => JSON.stringify(record, bigintAsText)).join('\n');
    for (const secret of [TOKEN, pagerDuty.routingKey, webhook.url]) {
      expect(sent).not.toContain(secret);
    }
  });
});

/** As OTLP numbers the kinds of spans. */
const KINDS: Readonly<Record<SpanDefinition['kind'], number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
};

function fits(attribute: string, value: unknown): boolean {
  const definition = Object.entries<AttributeDefinition>(ATTRIBUTES).find(
    ([name]) => name === attribute,
  )?.[1];
  if (definition === undefined) return false;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const allowed: readonly unknown[] = definition.values ?? values;
  return TYPES[definition.type](value) && values.every((one) => allowed.includes(one));
}

const TYPES: Readonly<Record<AttributeDefinition['type'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string' && value !== '',
  boolean: (value) => typeof value === 'boolean',
  int: (value) => Number.isInteger(value),
  double: (value) => typeof value === 'number',
  'string[]': (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
