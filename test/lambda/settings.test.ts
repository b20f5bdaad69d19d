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
      otlpPoints: 1000,
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
      snsReminderHours: 4,
      webhookReminderHours: 168,
    };
    const targets = [
      { Key: 'tag:rôle des hôtes', Values: ['a', 'b'] },
      { Key: 'InstanceIds', Values: ['mi-00000000000000140'] },
    ];
    const document = 'arn:aws:ssm:eu-central-1:123456789012:document/vtepwatch-Probe';
    expect(
      readSettings({
        ...NEEDED,
        VTEPWATCH_CLUSTER: 'Pruefstand-7.sued',
        VTEPWATCH_TARGETS: JSON.stringify(targets),
        VTEPWATCH_DOCUMENT: document,
        VTEPWATCH_LIMITS: JSON.stringify(limits),
        VTEPWATCH_KUBECONFIG_PARAMETER: '/vtepwatch/lab/kubeconfig',
        VTEPWATCH_OTLP_HEADERS_PARAMETER: '/vtepwatch/lab/headers',
        PATH: '/usr/bin',
      }),
    ).toMatchObject({
      cluster: 'Pruefstand-7.sued',
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

const MUST: Readonly<Record<string, string>> = {
  VTEPWATCH_CLUSTER:
    'must be 1 to 63 letters, digits and . _ -, with a letter or digit first and last, for example prod',
  VTEPWATCH_TARGETS:
    'must be a JSON array of 1 to 5 SSM targets, [{"Key":"tag:...","Values":["..."]}]',
  VTEPWATCH_DOCUMENT: 'must be a document name or ARN',
  VTEPWATCH_TABLE: 'must be a table name',
  VTEPWATCH_TOPIC_ARN: 'must be the ARN of an SNS topic',
  VTEPWATCH_LIMITS: `must be an object with the keys ${Object.keys(limitsSchema.shape).join(', ')}`,
  VTEPWATCH_RUNBOOK:
    'must be a path or URL of 1 to 300 characters, without spaces, invisible characters and #',
};

describe('a variable that is', () => {
  test.for(Object.keys(NEEDED))('missing is named: %s', (name) => {
    const others = Object.entries(NEEDED).filter(([other]) => other !== name);
    expect(complaint(Object.fromEntries(others))).toBe(
      `environment variable ${name} is missing; it ${MUST[name]}`,
    );
  });

  test.for([...Object.keys(NEEDED), ENVIRONMENT.limits])('empty is named: %s', (name) => {
    expect(complaintOf(name, '')).toBe(`environment variable ${name} ${MUST[name]}`);
  });

  test.for([
    [ENVIRONMENT.cluster, 'a/b'],
    [ENVIRONMENT.cluster, 'a#b'],
    [ENVIRONMENT.cluster, 'a\nb'],
    [ENVIRONMENT.cluster, 'a\u202Eb'],
    [ENVIRONMENT.cluster, 'a b'],
    [ENVIRONMENT.cluster, 'ü'],
    [ENVIRONMENT.cluster, 'x'.repeat(64)],
    [ENVIRONMENT.document, 'a b'],
    [ENVIRONMENT.table, 'a/b'],
    [ENVIRONMENT.table, 'ab'],
    [ENVIRONMENT.topicArn, 'vtepwatch'],
    [ENVIRONMENT.topicArn, 'arn:aws:sqs:eu-central-1:123456789012:q'],
    [ENVIRONMENT.runbook, 'RUNBOOK\u200B.md'],
    [ENVIRONMENT.runbook, 'RUNBOOK.md#x'],
  ] as const)('malformed is named with what it must be: %s=%s', ([name, value]) => {
    expect(complaintOf(name, value)).toBe(`environment variable ${name} ${MUST[name]}`);
  });

  test.for([ENVIRONMENT.targets, ENVIRONMENT.limits])('no JSON is named: %s', (name) => {
    expect(complaintOf(name, 'tag:vtepwatch=lab')).toBe(
      `environment variable ${name} ${MUST[name]}`,
    );
  });

  test.for([
    ENVIRONMENT.kubeconfigParameter,
    ENVIRONMENT.otlpHeadersParameter,
    ENVIRONMENT.pagerDutyParameter,
    ENVIRONMENT.webhookParameter,
  ])('no name of a parameter is named, and not quoted: %s', (name) => {
    for (const value of [
      'a b',
      '/aws/x',
      '/SSM/x',
      '/AWS/Reference/SecretsManager/x',
      '/lab/\u200Bpd',
      `/${'x'.repeat(900)}`,
    ]) {
      expect(complaintOf(name, value)).toBe(
        `environment variable ${name} must be the name of an SSM parameter, such as /vtepwatch/prod/pagerduty, or /aws/reference/secretsmanager/ and the name of a secret`,
      );
    }
  });
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
    'https://hooks.example.com/token\u200B',
    'https://hooks.example.com:port/token',
  ];
  test.for(NAMES.flatMap((name) => WRONG.map((value) => [name, value] as const)))(
    '%s=%s is refused without quoting it',
    ([name, value]) => {
      expect(complaintOf(name, value)).toBe(
        `environment variable ${name} must be an http or https URL without user and password, for example https://example.com/path`,
      );
    },
  );
});

describe('targets', () => {
  const KEY = 'must be tag: and a tag key, or another key of an SSM target';
  const VALUES = 'must be a list of 1 to 50 tag values';
  test.for([
    ['[]', '', MUST['VTEPWATCH_TARGETS']],
    ['{"Key":"tag:a","Values":["b"]}', '', MUST['VTEPWATCH_TARGETS']],
    ['[{"Key":"tag:a","Values":[]}]', '[0].Values', VALUES],
    ['[{"Key":"tag:a"}]', '[0].Values', `is missing; it ${VALUES}`],
    [
      '[{"Key":"tag:a","Values":[1]}]',
      '[0].Values[0]',
      'must be a tag value of 1 to 256 letters, digits, spaces and _ . : / = + - @',
    ],
    ['[{"Key":"tag:a;b","Values":["c"]}]', '[0].Key', KEY],
    [
      '[{"Key":"tag:a","Values":["b"],"Value":"c"}]',
      '[0]',
      'has the unknown key Value; it must be an object with the keys Key, Values. Did you mean Values?',
    ],
  ] as const)('%s are refused at %s', ([value, where, why]) => {
    expect(complaintOf(ENVIRONMENT.targets, value)).toBe(
      `environment variable VTEPWATCH_TARGETS${where} ${why}`,
    );
  });

  test('are at most five, of at most fifty values', () => {
    const values = JSON.stringify(Array.from({ length: 51 }, String));
    const many = `[{"Key":"tag:a","Values":${values}}]`;
    expect(complaintOf(ENVIRONMENT.targets, many)).toBe(
      `environment variable VTEPWATCH_TARGETS[0].Values ${VALUES}`,
    );
    const six = JSON.stringify(Array.from({ length: 6 }, () => ({ Key: 'tag:a', Values: ['b'] })));
    expect(complaintOf(ENVIRONMENT.targets, six)).toBe(
      `environment variable VTEPWATCH_TARGETS ${MUST['VTEPWATCH_TARGETS']}`,
    );
  });
});

describe('limits', () => {
  const SECONDS = 'must be a number of seconds, 0 or more';
  test.for([
    [
      '{"slow":5}',
      '',
      `has the unknown key slow; it ${MUST['VTEPWATCH_LIMITS']}. Did you mean slowSeconds?`,
    ],
    ['{"quorum":0}', '.quorum', 'must be a number above 0 and not above 1'],
    ['{"quorum":1.01}', '.quorum', 'must be a number above 0 and not above 1'],
    ['{"slowSeconds":"5"}', '.slowSeconds', SECONDS],
    ['{"graceSeconds":-1}', '.graceSeconds', SECONDS],
    ['{"rosterDays":0}', '.rosterDays', 'must be a number of days above 0'],
    ['{"snsReminderHours":0}', '.snsReminderHours', 'must be a number of hours from 1 to 168'],
    ['{"answerSeconds":null}', '.answerSeconds', SECONDS],
    ['{"answerSeconds":1e999}', '.answerSeconds', SECONDS],
    ['[]', '', MUST['VTEPWATCH_LIMITS']],
    ['5', '', MUST['VTEPWATCH_LIMITS']],
  ] as const)('%s are refused at %s', ([value, where, why]) => {
    expect(complaintOf(ENVIRONMENT.limits, value)).toBe(
      `environment variable VTEPWATCH_LIMITS${where} ${why}`,
    );
  });

  test('that are wrong in two ways are reported both', () => {
    const said = complaintOf(ENVIRONMENT.limits, '{"slow":5,"quorum":0}');
    expect(said.split('\n')).toHaveLength(2);
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
