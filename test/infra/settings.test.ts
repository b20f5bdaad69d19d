import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cluster, environmentOf, SettingsError } from '../../infra/cluster.ts';
import { readClusters } from '../../infra/clusters.ts';
import { readSettings } from '../../lambda/settings.ts';
import { readSignal, SIGNALS } from '../../lambda/systems/telemetry/signals.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';

/** What hides in text that a person has pasted, and what some program would act on. */
const ODD = fc.constantFrom(
  ...'\u200B \uFEFF \u202E \u00AD \u2028 \uD800 \u0000'.split(' '),
  ...`\u00A0 \n \t " ' \\ $ \` {{ # / * % .. @ : é 漢 🙂`.split(' '),
  ' ',
);

/** Mostly as it should be; else with something odd in it, very long, or any text at all. */
function mostly(good: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 60, arbitrary: good },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, ODD, fc.nat(9))
        .map(([text, odd, at]) => text.slice(0, at) + odd + text.slice(at)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(good, fc.nat(2000)).map(([text, to]) => text.padEnd(to, 'x')),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
}

/** Mostly the first of these. */
function oneOf(good: string, ...bad: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant(good) },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  );
}

const TAG = mostly(fc.stringMatching(/^[a-zA-Zéß漢 0-9_.:/=@-]{1,30}$/));
const PARAMETER = mostly(fc.stringMatching(/^(\/[b-rt-zB-Z0-9_.-]{1,9}){1,4}$/));
const ADDRESS = mostly(fc.webUrl({ withQueryParameters: true, withFragments: true }));
const HOURS = fc.constantFrom(1, 4, 24, 168);
const NUMBER = fc.oneof(
  { weight: 20, arbitrary: fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true }) },
  { weight: 1, arbitrary: fc.oneof(fc.double(), fc.nat(50), fc.constantFrom(0, -0, -1, 1.01)) },
);

/** The settings of a cluster that the function has a part in, right and wrong. */
const SETTINGS = fc.record(
  {
    name: mostly(fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,30}[a-zA-Z0-9])?$/)),
    tags: fc.dictionary(
      // zod leaves this key out of any map.
      TAG.filter((key) => key !== '__proto__'),
      fc.oneof(TAG, fc.array(TAG, { maxLength: 3 })),
      { minKeys: 1, maxKeys: 6, noNullPrototype: true },
    ),
    limits: fc.record(
      {
        quorum: NUMBER,
        slowSeconds: NUMBER,
        pairPatienceSeconds: NUMBER,
        graceSeconds: NUMBER,
        secondLookSeconds: NUMBER,
        answerSeconds: NUMBER,
        rosterDays: NUMBER,
        snsReminderHours: HOURS,
        webhookReminderHours: HOURS,
      },
      { requiredKeys: [] },
    ),
    kubeconfigParameter: PARAMETER,
    telemetry: fc.record(
      {
        endpoint: ADDRESS,
        headersParameter: PARAMETER,
        pointsPerRequest: fc.constantFrom(10, 1000, 50_000, 9, 1000.5),
        variables: fc.record(
          {
            OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ADDRESS,
            OTEL_EXPORTER_OTLP_PROTOCOL: oneOf('http/protobuf', 'grpc'),
            OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: oneOf('gzip', 'zstd'),
            OTEL_EXPORTER_OTLP_TIMEOUT: oneOf('2500', '5s', '0', '1e12'),
            OTEL_TRACES_EXPORTER: oneOf('none', 'prometheus'),
            OTEL_SERVICE_NAME: mostly(fc.stringMatching(/^[a-z]{1,30}$/)),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
    paging: fc.record(
      {
        pagerDuty: fc.record(
          { parameter: PARAMETER, url: ADDRESS },
          { requiredKeys: ['parameter'] },
        ),
        webhook: fc.oneof(fc.record({ parameter: PARAMETER }), fc.record({ url: ADDRESS })),
      },
      { requiredKeys: [] },
    ),
    heartbeatUrl: ADDRESS,
    runbook: mostly(fc.stringMatching(/^[a-zA-Z0-9/._-]{1,30}$/)),
  },
  { requiredKeys: ['name', 'tags'] },
);

type Settings = typeof SETTINGS extends fc.Arbitrary<infer Value> ? Value : never;

/** What the stack makes for the function, with names as CloudFormation gives them. */
const MADE = {
  document: 'Vtepwatch-demo-WatchProbe-1A2B3C4D5E6F',
  table: 'Vtepwatch-demo-WatchIncidents-1A2B3C4D5E6F',
  topicArn: 'arn:aws:sns:eu-central-1:111122223333:Vtepwatch-demo-WatchPages-1A2B3C4D5E6F',
};

const [DEFAULTS] = readClusters([{ name: 'demo', tags: { vtepwatch: 'demo' } }]);

/** The settings as a cluster, unchecked. */
function unchecked({ limits, paging, telemetry, ...settings }: Settings): Cluster {
  if (DEFAULTS === undefined) throw new Error('one cluster was given, and none was read');
  return {
    ...DEFAULTS,
    ...settings,
    limits: { ...DEFAULTS.limits, ...limits },
    paging: { ...DEFAULTS.paging, ...paging },
    telemetry: telemetry && { variables: {}, ...telemetry },
  };
}

/** What synth says of the settings, a line for each trouble; nothing where it takes them. */
function troublesOf(settings: Settings): readonly string[] {
  try {
    readClusters([settings]);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n  ').slice(1);
    throw error;
  }
}

/** The key in `cdk.json` from which a variable comes. */
const KEYS: Readonly<Record<string, string>> = {
  VTEPWATCH_CLUSTER: 'name',
  VTEPWATCH_TARGETS: 'tags',
  VTEPWATCH_LIMITS: 'limits',
  VTEPWATCH_KUBECONFIG_PARAMETER: 'kubeconfigParameter',
  VTEPWATCH_OTLP_HEADERS_PARAMETER: 'telemetry.headersParameter',
  VTEPWATCH_OTLP_POINTS: 'telemetry.pointsPerRequest',
  VTEPWATCH_PAGERDUTY_PARAMETER: 'paging.pagerDuty.parameter',
  VTEPWATCH_PAGERDUTY_URL: 'paging.pagerDuty.url',
  VTEPWATCH_WEBHOOK_PARAMETER: 'paging.webhook.parameter',
  VTEPWATCH_WEBHOOK_URL: 'paging.webhook.url',
  VTEPWATCH_HEARTBEAT_URL: 'heartbeatUrl',
  VTEPWATCH_RUNBOOK: 'runbook',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'endpoint',
};

/** The keys of the variables that the function refuses. */
function refusedKeys(cluster: Cluster): readonly string[] {
  const environment = environmentOf(cluster, MADE);
  const signals = SIGNALS.map((signal) => readSignal(environment, signal)).flatMap((signal) =>
    signal.kind === 'unusable'
      ? (signal.reason.match(/OTEL_[A-Z_]+(?= must)/g) ?? ['nothing'])
      : [],
  );
  const keys = signals.map((name) => `telemetry.${KEYS[name] ?? `variables.${name}`}`);
  try {
    readSettings(environment);
    return keys;
  } catch (error) {
    const [, name = ''] =
      /^environment variable (VTEPWATCH_[A-Z_]+)/.exec(String(Object(error).message)) ?? [];
    return [...keys, KEYS[name] ?? `none of ${name}`];
  }
}

const RUNS = { numRuns: 1500 };

test('settings that synth accepts, the function reads as they are meant', () => {
  let read = 0;
  fc.assert(
    fc.property(SETTINGS, (settings) => {
      if (troublesOf(settings).length > 0) return;
      read += 1;
      const { name, tags, limits, kubeconfigParameter, telemetry, paging } = settings;
      const { pagerDuty, webhook } = paging ?? {};
      expect(refusedKeys(unchecked(settings))).toEqual([]);
      expect(readSettings(environmentOf(unchecked(settings), MADE))).toEqual({
        ...MADE,
        cluster: name,
        targets: Object.entries(tags).map(([key, values]) => ({
          Key: `tag:${key}`,
          Values: [values].flat(),
        })),
        limits: limitsSchema.parse(JSON.parse(JSON.stringify(limits ?? {}))),
        kubeconfig: kubeconfigParameter && { kind: 'parameter', name: kubeconfigParameter },
        otlpHeadersParameter: telemetry?.headersParameter,
        otlpPoints: telemetry?.pointsPerRequest ?? 1000,
        pagerDuty: pagerDuty && { url: 'https://events.pagerduty.com/v2/enqueue', ...pagerDuty },
        webhook:
          webhook &&
          ('url' in webhook
            ? { kind: 'url', url: webhook.url }
            : { kind: 'parameter', name: webhook.parameter }),
        heartbeatUrl: settings.heartbeatUrl,
        runbook: settings.runbook ?? 'RUNBOOK.md',
      });
    }),
    RUNS,
  );
  expect(read).toBeGreaterThan(RUNS.numRuns / 10);
});

test('what the function refuses, synth refuses, by its key in cdk.json', () => {
  const refused = new Set<string>();
  fc.assert(
    fc.property(SETTINGS, (settings) => {
      for (const key of refusedKeys(unchecked(settings))) {
        refused.add(key);
        expect(troublesOf(settings).join('\n')).toContain(`: ${key}`);
      }
    }),
    // Any other seed may leave out a key that is rarely wrong.
    { ...RUNS, seed: 1 },
  );
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...keys } = KEYS;
  expect(refused).toEqual(
    new Set([
      ...Object.values(keys),
      `telemetry.${endpoint}`,
      'telemetry.variables.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
      'telemetry.variables.OTEL_EXPORTER_OTLP_PROTOCOL',
      'telemetry.variables.OTEL_EXPORTER_OTLP_LOGS_COMPRESSION',
      'telemetry.variables.OTEL_EXPORTER_OTLP_TIMEOUT',
      'telemetry.variables.OTEL_TRACES_EXPORTER',
    ]),
  );
});
