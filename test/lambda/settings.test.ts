import { describe, expect, test } from 'vitest';
import { type Environment, readSettings } from '../../lambda/settings.ts';
import { ENVIRONMENT, limitsSchema } from '../../shared/contract/settings.ts';

const NEEDED = {
  VTEPWATCH_CLUSTER: 'lab',
  VTEPWATCH_TARGETS: '[{"Key":"tag:vtepwatch","Values":["lab"]}]',
  VTEPWATCH_DOCUMENT: 'vtepwatch-Probe',
  VTEPWATCH_TABLE: 'vtepwatch',
  VTEPWATCH_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:vtepwatch',
} as const;

function complaint(environment: Environment): string {
  try {
    readSettings(environment);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  throw new Error('the environment was taken');
}

/** What a person is told who sets this to that. */
function complaintOf(name: string, value: string): string {
  return complaint({ ...NEEDED, [name]: value });
}

describe('a good environment', () => {
  test('is read with defaults for what it does not say', () => {
    expect(readSettings(NEEDED)).toEqual({
      cluster: 'lab',
      targets: [{ Key: 'tag:vtepwatch', Values: ['lab'] }],
      document: 'vtepwatch-Probe',
      table: 'vtepwatch',
      topicArn: 'arn:aws:sns:eu-central-1:123456789012:vtepwatch',
      limits: limitsSchema.parse({}),
      kubeconfig: undefined,
      otlpHeadersParameter: undefined,
      pagerDuty: undefined,
      webhook: undefined,
      heartbeatUrl: undefined,
      runbook: undefined,
    });
  });

  test('is read whole', () => {
    const limits = {
      quorum: 1,
      slowSeconds: 2.5,
      pairPatienceSeconds: 0,
      graceSeconds: 60,
      secondLookSeconds: 12,
      answerSeconds: 20,
      rosterDays: 0.5,
    };
    const targets = [
      { Key: 'tag:rôle des hôtes', Values: ['a', 'b'] },
      { Key: 'InstanceIds', Values: ['mi-00000000000000140'] },
    ];
    const document = 'arn:aws:ssm:eu-central-1:123456789012:document/vtepwatch-Probe';
    expect(
      readSettings({
        ...NEEDED,
        VTEPWATCH_CLUSTER: 'Prüfstand 7 (Süd)',
        VTEPWATCH_TARGETS: JSON.stringify(targets),
        VTEPWATCH_DOCUMENT: document,
        VTEPWATCH_LIMITS: JSON.stringify(limits),
        VTEPWATCH_KUBECONFIG_PARAMETER: '/vtepwatch/lab/kubeconfig',
        VTEPWATCH_OTLP_HEADERS_PARAMETER: '/vtepwatch/lab/headers',
        PATH: '/usr/bin',
      }),
    ).toMatchObject({
      cluster: 'Prüfstand 7 (Süd)',
      targets,
      document,
      limits,
      kubeconfig: { kind: 'parameter', name: '/vtepwatch/lab/kubeconfig' },
      otlpHeadersParameter: '/vtepwatch/lab/headers',
    });
  });

  test.for([
    ['a file', { KUBECONFIG: '/etc/kubeconfig' }, { kind: 'file', path: '/etc/kubeconfig' }],
    [
      'a parameter before a file',
      { KUBECONFIG: '/etc/kubeconfig', VTEPWATCH_KUBECONFIG_PARAMETER: '/lab/kubeconfig' },
      { kind: 'parameter', name: '/lab/kubeconfig' },
    ],
    [
      'a file where the parameter is empty',
      { KUBECONFIG: '/etc/kubeconfig', VTEPWATCH_KUBECONFIG_PARAMETER: '' },
      { kind: 'file', path: '/etc/kubeconfig' },
    ],
    ['nothing where both are empty', { KUBECONFIG: '' }, undefined],
  ] as const)('has its kubeconfig from %s', ([, more, kubeconfig]) => {
    expect(readSettings({ ...NEEDED, ...more }).kubeconfig).toEqual(kubeconfig);
  });

  test.for([
    [
      'PagerDuty at its public address',
      { VTEPWATCH_PAGERDUTY_PARAMETER: '/lab/pd' },
      {
        pagerDuty: { parameter: '/lab/pd', url: 'https://events.pagerduty.com/v2/enqueue' },
      },
    ],
    [
      "PagerDuty at Europe's",
      {
        VTEPWATCH_PAGERDUTY_PARAMETER: '/lab/pd',
        VTEPWATCH_PAGERDUTY_URL: 'https://events.eu.pagerduty.com/v2/enqueue',
      },
      { pagerDuty: { parameter: '/lab/pd', url: 'https://events.eu.pagerduty.com/v2/enqueue' } },
    ],
    [
      'a webhook whose address is a secret',
      { VTEPWATCH_WEBHOOK_PARAMETER: '/lab/hook', VTEPWATCH_WEBHOOK_URL: 'https://other.test' },
      { webhook: { kind: 'parameter', name: '/lab/hook' } },
    ],
    [
      'a webhook whose address is none',
      { VTEPWATCH_WEBHOOK_PARAMETER: '', VTEPWATCH_WEBHOOK_URL: 'http://alerts.internal:8080' },
      { webhook: { kind: 'url', url: 'http://alerts.internal:8080' } },
    ],
    [
      'a heartbeat',
      { VTEPWATCH_HEARTBEAT_URL: 'https://hc-ping.com/5f0e6f3c?rid=1' },
      { heartbeatUrl: 'https://hc-ping.com/5f0e6f3c?rid=1' },
    ],
    [
      'where the runbook is read',
      { VTEPWATCH_RUNBOOK: 'https://git.example.com/vtepwatch/RUNBOOK.md' },
      { runbook: 'https://git.example.com/vtepwatch/RUNBOOK.md' },
    ],
    [
      'neither of them where they are empty',
      {
        VTEPWATCH_PAGERDUTY_PARAMETER: '',
        VTEPWATCH_PAGERDUTY_URL: '',
        VTEPWATCH_WEBHOOK_PARAMETER: '',
        VTEPWATCH_WEBHOOK_URL: '',
        VTEPWATCH_HEARTBEAT_URL: '',
      },
      { pagerDuty: undefined, webhook: undefined, heartbeatUrl: undefined },
    ],
  ] as const)('may name %s', ([, more, read]) => {
    expect(readSettings({ ...NEEDED, ...more })).toMatchObject(read);
  });

  test('whose limits are some keeps the defaults of the others', () => {
    const { limits } = readSettings({ ...NEEDED, VTEPWATCH_LIMITS: '{"slowSeconds":1}' });
    expect(limits).toEqual({ ...limitsSchema.parse({}), slowSeconds: 1 });
  });

  test.for([
    ['arn:aws-cn:sns:cn-north-1:123456789012:pages'],
    ['arn:aws-us-gov:sns:us-gov-west-1:123456789012:pages'],
  ])('may be of any partition: %s', ([arn = '']) => {
    expect(readSettings({ ...NEEDED, VTEPWATCH_TOPIC_ARN: arn }).topicArn).toBe(arn);
  });
});

describe('a variable that is', () => {
  test.for(Object.keys(NEEDED))('missing is named: %s', (name) => {
    const others = Object.entries(NEEDED).filter(([other]) => other !== name);
    expect(complaint(Object.fromEntries(others))).toMatch(
      new RegExp(`^environment variable ${name} is missing or empty\nAllowed: .`),
    );
  });

  test.for([...Object.keys(NEEDED), ENVIRONMENT.limits])('empty is named: %s', (name) => {
    expect(complaintOf(name, '')).toMatch(
      new RegExp(`^environment variable ${name} is missing or empty\nAllowed: .`),
    );
  });

  test.for([
    [ENVIRONMENT.cluster, 'a/b', 'printable characters without / and #'],
    [ENVIRONMENT.cluster, 'a#b', 'printable characters without / and #'],
    [ENVIRONMENT.cluster, 'a\nb', 'printable characters without / and #'],
    [ENVIRONMENT.cluster, 'a\u202Eb', 'printable characters without / and #'],
    [ENVIRONMENT.cluster, 'x'.repeat(101), 'up to 100'],
    [ENVIRONMENT.document, 'a b', 'a document name or ARN'],
    [ENVIRONMENT.table, 'a/b', 'a table name'],
    [ENVIRONMENT.table, 'ab', 'a table name'],
    [ENVIRONMENT.topicArn, 'vtepwatch', 'the ARN of an SNS topic'],
    [ENVIRONMENT.topicArn, 'arn:aws:sqs:eu-central-1:123456789012:q', 'the ARN of an SNS topic'],
  ] as const)('malformed is named with what is allowed: %s=%s', ([name, value, allowed]) => {
    const said = complaintOf(name, value);
    expect(said).toContain(`environment variable ${name} is wrong`);
    expect(said).toContain(allowed);
  });

  test.for([ENVIRONMENT.targets, ENVIRONMENT.limits])(
    'no JSON is quoted by its beginning: %s',
    (name) => {
      const said = complaintOf(name, `tag:vtepwatch=lab${' '.repeat(100)}end`);
      expect(said).toContain(`environment variable ${name} is not JSON: tag:vtepwatch=lab `);
      expect(said).toMatch(/\nAllowed: a JSON (array|object) /);
      expect(said).not.toContain('end');
    },
  );
});

describe('an address', () => {
  const NAMES = [ENVIRONMENT.pagerDutyUrl, ENVIRONMENT.webhookUrl, ENVIRONMENT.heartbeatUrl];
  const WRONG = [
    'hooks.example.com/token',
    'ftp://hooks.example.com/token',
    'https://',
    'https:///token',
    'https://user:token@hooks.example.com/',
    'https://hooks.example.com/to ken',
    'https://hooks.example.com/to\nken',
    'https://hooks.example.com:port/token',
  ];
  test.for(NAMES.flatMap((name) => WRONG.map((value) => [name, value] as const)))(
    '%s=%s is refused without quoting it',
    ([name, value]) => {
      const said = complaintOf(name, value);
      expect(said).toContain(`environment variable ${name} is wrong`);
      expect(said).toContain('Allowed: an http or https URL without user and password');
      expect(said).not.toMatch(/to\s?ken|example/);
    },
  );
});

describe('targets', () => {
  test.for([
    ['[]', '>=1 items', ''],
    ['{"Key":"tag:a","Values":["b"]}', 'expected array', ''],
    ['[{"Key":"tag:a","Values":[]}]', '>=1 items', '[0].Values'],
    ['[{"Key":"tag:a"}]', 'expected array', '[0].Values'],
    ['[{"Key":"tag:a","Values":[1]}]', 'expected string', '[0].Values[0]'],
    ['[{"Key":"tag:a;b","Values":["c"]}]', 'must match pattern', '[0].Key'],
    ['[{"Key":"tag:a","Values":["b"],"Value":"c"}]', 'Unrecognized key: "Value"', '[0]'],
  ] as const)('%s are refused: %s', ([value, why, where]) => {
    const said = complaintOf(ENVIRONMENT.targets, value);
    expect(said).toContain(why);
    expect(said).toContain(where);
    expect(said).toContain('Allowed: a JSON array of SSM targets');
  });

  test('are at most five, of at most fifty values', () => {
    const values = JSON.stringify(Array.from({ length: 51 }, String));
    const many = `[{"Key":"tag:a","Values":${values}}]`;
    expect(complaintOf(ENVIRONMENT.targets, many)).toContain('<=50 items');
    const six = JSON.stringify(Array.from({ length: 6 }, () => ({ Key: 'tag:a', Values: ['b'] })));
    expect(complaintOf(ENVIRONMENT.targets, six)).toContain('<=5 items');
  });
});

describe('limits', () => {
  test.for([
    ['{"slow":5}', 'Unrecognized key: "slow"', ''],
    ['{"quorum":0}', 'to be >0', 'quorum'],
    ['{"quorum":1.01}', 'to be <=1', 'quorum'],
    ['{"slowSeconds":"5"}', 'expected number, received string', 'slowSeconds'],
    ['{"graceSeconds":-1}', 'to be >=0', 'graceSeconds'],
    ['{"rosterDays":0}', 'to be >0', 'rosterDays'],
    ['{"answerSeconds":null}', 'expected number, received null', 'answerSeconds'],
    ['{"answerSeconds":1e999}', 'expected number', 'answerSeconds'],
    ['[]', 'expected object', ''],
    ['5', 'expected object', ''],
  ] as const)('%s are refused: %s', ([value, why, where]) => {
    const said = complaintOf(ENVIRONMENT.limits, value);
    expect(said).toContain(why);
    expect(said).toContain(where);
  });

  test('that are not known are told which are', () => {
    const said = complaintOf(ENVIRONMENT.limits, '{"slow":5}');
    for (const name of Object.keys(limitsSchema.parse({}))) expect(said).toContain(name);
  });
});

test('what is in other variables is never quoted', () => {
  const secret = 'hunter2-is-my-token';
  const environment = {
    ...NEEDED,
    VTEPWATCH_LIMITS: '{"slow":5}',
    VTEPWATCH_KUBECONFIG_PARAMETER: secret,
    VTEPWATCH_OTLP_HEADERS_PARAMETER: secret,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${secret}`,
    AWS_SECRET_ACCESS_KEY: secret,
  };
  expect(complaint(environment)).not.toContain(secret);
});
