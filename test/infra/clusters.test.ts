import { describe, expect, test } from 'vitest';
import { clusterSchema } from '../../infra/cluster.ts';
import { readClusters } from '../../infra/clusters.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';

const DEMO = { name: 'demo', tags: { vtepwatch: 'demo' } } as const;

/** What is said of the settings, a line for each trouble. */
function troublesOf(context: unknown): readonly string[] {
  try {
    readClusters(context);
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n') : [];
    return lines.map((line) => line.trim());
  }
  return [];
}

/** Without the value and the guess at the end, of which tests of their own know. */
function withoutValue(line: string): string {
  return line.replace(/; it is .*$/, '').replace(/\. Did you mean \w+\?$/, '');
}

describe('a good context', () => {
  test('needs the name and the tags of each cluster, and has a default for everything else', () => {
    expect(readClusters([DEMO])).toEqual([
      {
        ...DEMO,
        resourceTags: {},
        logRetentionDays: 30,
        alarmTopicArns: [],
        operators: false,
        sourceMaps: false,
        network: {},
        deviceProfile: 'auto',
        kubeconfigPaths: [
          '/etc/kubernetes/admin.conf',
          '/etc/rancher/rke2/rke2.yaml',
          '/etc/rancher/k3s/k3s.yaml',
        ],
        packets: true,
        scheduleMinutes: 5,
        limits: limitsSchema.parse({}),
        paging: { emails: [] },
        alarmEmails: [],
        alarmUrls: [],
        runbook: 'RUNBOOK.md',
        memoryMebibytes: 512,
      },
    ]);
  });

  test('may set everything', () => {
    const cluster = {
      name: 'prod.eu-1',
      tags: { vtepwatch: ['prod', 'edge'], 'team:owner': 'platform' },
      account: '111122223333',
      region: 'eu-central-1',
      resourceTags: { team: 'platform' },
      logRetentionDays: 365,
      topicKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      tableKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      logKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      alarmTopicArns: ['arn:aws:sns:eu-central-1:111122223333:incidents'],
      permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
      operators: true,
      sourceMaps: true,
      network: { httpsProxy: 'http://proxy.internal:3128', noProxy: '.internal' },
      deviceProfile: 'flannel',
      kubeconfigPaths: ['/etc/kubernetes/super-admin.conf'],
      packets: false,
      scheduleMinutes: 1,
      limits: { ...limitsSchema.parse({}), slowSeconds: 2 },
      kubeconfigParameter: '/vtepwatch/prod/kubeconfig',
      telemetry: {
        endpoint: 'https://otlp.example.com',
        headersParameter: '/vtepwatch/prod/otlp-headers',
        variables: {
          OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://metrics.example.com/v1/metrics',
        },
      },
      paging: {
        emails: ['oncall@example.com'],
        topicArn: 'arn:aws:sns:eu-central-1:111122223333:oncall',
        pagerDuty: {
          parameter: 'pagerduty',
          url: 'https://events.eu.pagerduty.com/v2/enqueue',
        },
        webhook: { url: 'http://alerts.internal:8080/pages' },
      },
      heartbeatUrl: 'https://hc-ping.com/5f0e6f3c',
      alarmEmails: ['platform@example.com'],
      alarmUrls: ['https://events.pagerduty.com/integration/0123/enqueue'],
      runbook: 'https://git.example.com/vtepwatch/RUNBOOK.md',
      vpc: {
        subnetIds: ['subnet-0123456789abcdef0'],
        securityGroupIds: ['sg-0123456789abcdef0'],
      },
      memoryMebibytes: 1024,
    };
    expect(readClusters([cluster])).toEqual([cluster]);
  });

  test('may have clusters whose hosts share a tag, and not its value', () => {
    const clusters = [DEMO, { name: 'prod', tags: { vtepwatch: 'prod' } }];
    expect(readClusters(clusters).map(({ name }) => name)).toEqual(['demo', 'prod']);
  });

  test('may have the same tags in two regions', () => {
    const clusters = [
      { ...DEMO, region: 'eu-central-1' },
      { ...DEMO, name: 'demo-us', region: 'us-east-1' },
    ];
    expect(readClusters(clusters)).toHaveLength(2);
  });
});

const NAME =
  'must be 1 to 63 letters, digits and . _ -, with a letter or digit first and last, for example prod';
const TAG = 'must be a tag key of 1 to 128 letters, digits, spaces and _ . : / = - @';
const TAGS = 'must be 1 to 5 pairs, for example { "vtepwatch": "prod" }';
const VALUE = 'must be a tag value of 1 to 256 letters, digits, spaces and _ . : / = + - @';
const PARAMETER =
  'must be the name of an SSM parameter, such as /vtepwatch/prod/pagerduty, or /aws/reference/secretsmanager/ and the name of a secret';
const PATH =
  'must be an absolute path of letters, digits and _ . -, for example /etc/kubernetes/admin.conf';
const RUNBOOK =
  'must be a path or URL of 1 to 300 characters, without spaces, invisible characters and #';
const ADDRESS =
  'must be an http or https URL without user and password, for example https://example.com/path';

describe('one wrong key is named with what it must be', () => {
  test.for([
    [{ name: undefined }, `name is missing; it ${NAME}`],
    [{ name: '' }, `name ${NAME}`],
    [{ name: 'de mo' }, `name ${NAME}`],
    [{ name: '-demo' }, `name ${NAME}`],
    [{ name: 'd'.repeat(64) }, `name ${NAME}`],
    [{ name: 7 }, `name ${NAME}`],
    [{ tags: undefined }, `tags is missing; it ${TAGS}`],
    [{ tags: {} }, `tags ${TAGS}`],
    [{ tags: { 'a*': 'b' } }, `tags["a*"] ${TAG}`],
    [{ tags: { a: '' } }, `tags.a ${VALUE}`],
    [{ tags: { a: 'b*' } }, `tags.a ${VALUE}`],
    [{ tags: { a: '${aws:username}' } }, `tags.a ${VALUE}`],
    [{ tags: { a: [] } }, 'tags.a must be a list of 1 to 50 tag values'],
    [{ tags: { a: 1 } }, 'tags.a must be a tag value, or a list of 1 to 50 of them'],
    [{ tags: { a: ['b', '*'] } }, `tags.a[1] ${VALUE}`],
    [{ region: 'Frankfurt' }, 'region must be an AWS Region, for example eu-central-1'],
    [
      { telemetry: { variables: { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret' } } },
      'telemetry.variables.OTEL_EXPORTER_OTLP_HEADERS must be an OTEL_ variable other than those for headers, which headersParameter is for',
    ],
    [
      { telemetry: { variables: { NODE_OPTIONS: '--inspect' } } },
      'telemetry.variables.NODE_OPTIONS must be an OTEL_ variable other than those for headers, which headersParameter is for',
    ],
    [{ deviceProfile: 'cilium' }, 'deviceProfile must be auto, flannel or calico'],
    [{ packets: 'off' }, 'packets must be true or false'],
    [{ kubeconfigPaths: [] }, 'kubeconfigPaths must be a list of 1 to 8 paths'],
    [{ kubeconfigPaths: ['admin.conf'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/etc/../root/x'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/a; reboot'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/$(reboot)'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/a\n/b'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/*'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ kubeconfigPaths: ['/{{ Action }}'] }, `kubeconfigPaths[0] ${PATH}`],
    [{ scheduleMinutes: 0 }, 'scheduleMinutes must be a whole number from 1 to 60'],
    [{ scheduleMinutes: 0.5 }, 'scheduleMinutes must be a whole number from 1 to 60'],
    [{ scheduleMinutes: '5' }, 'scheduleMinutes must be a whole number from 1 to 60'],
    [
      { scheduleMinutes: 1, limits: { answerSeconds: 33 } },
      'limits must have answerSeconds and secondLookSeconds that add up to 42 or less',
    ],
    [{ limits: { quorum: 2 } }, 'limits.quorum must be a number above 0 and not above 1'],
    [
      { limits: { latency: 2 } },
      `limits has the unknown key latency; it must be an object with the keys ${Object.keys(limitsSchema.shape).join(', ')}`,
    ],
    [{ kubeconfigParameter: 'a b' }, `kubeconfigParameter ${PARAMETER}`],
    [{ kubeconfigParameter: '/aws/x' }, `kubeconfigParameter ${PARAMETER}`],
    [
      { kubeconfigParameter: '/AWS/Reference/SecretsManager/x' },
      `kubeconfigParameter ${PARAMETER}`,
    ],
    [{ kubeconfigParameter: 'SSMx' }, `kubeconfigParameter ${PARAMETER}`],
    [{ kubeconfigParameter: '/a/*' }, `kubeconfigParameter ${PARAMETER}`],
    [{ telemetry: { endpoint: 'grpc://collector:4317' } }, `telemetry.endpoint ${ADDRESS}`],
    [
      { telemetry: { endpoint: 'https://otlp.example.com', headers: 'x=y' } },
      'telemetry has the unknown key headers; it must be an object with the keys endpoint, variables, headersParameter, pointsPerRequest',
    ],
    [
      { paging: { slack: 'x' } },
      'paging has the unknown key slack; it must be an object with the keys emails, topicArn, pagerDuty, webhook',
    ],
    [
      { paging: { emails: ['nobody'] } },
      'paging.emails[0] must be an e-mail address, for example oncall@example.com',
    ],
    [{ paging: { pagerDuty: {} } }, `paging.pagerDuty.parameter is missing; it ${PARAMETER}`],
    [
      { paging: { webhook: {} } },
      'paging.webhook must have either the key parameter or the key url',
    ],
    [
      { paging: { webhook: { parameter: '/a', url: 'https://a.test' } } },
      'paging.webhook must have either the key parameter or the key url',
    ],
    [{ heartbeatUrl: 'https://u:p@a.test' }, `heartbeatUrl ${ADDRESS}`],
    [{ runbook: 'RUNBOOK.md#x' }, `runbook ${RUNBOOK}`],
    [{ runbook: 'RUNBOOK\u200b.md' }, `runbook ${RUNBOOK}`],
    [
      { vpc: { subnetIds: ['subnet-0123456789abcdef0'] } },
      'vpc.securityGroupIds is missing; it must be a list of 1 to 5 security group ids',
    ],
    [
      { vpc: { subnetIds: ['vpc-1'], securityGroupIds: ['sg-0123456789abcdef0'] } },
      'vpc.subnetIds[0] must be a subnet id, subnet-...',
    ],
    [{ memoryMebibytes: 128 }, 'memoryMebibytes must be a whole number from 256 to 3008'],
    [
      { shedule: 1 },
      ` has the unknown key shedule; it must be an object with the keys ${Object.keys(clusterSchema.shape).join(', ')}`,
    ],
  ] as const)('%j', ([wrong, said]) => {
    const place = 'name' in wrong ? 'vtepwatch[0]' : 'vtepwatch[0] ("demo")';
    expect(troublesOf([{ ...DEMO, ...wrong }]).map(withoutValue)).toEqual([
      'These settings are wrong:',
      said.startsWith(' ') ? `${place}${said}` : `${place}: ${said}`,
    ]);
  });
});

test('what Lambda has no room for is refused', () => {
  const values = Array.from({ length: 50 }, (_, at) => `${'x'.repeat(100)}${at}`);
  const [, trouble, ...more] = troublesOf([{ ...DEMO, tags: { a: values } }]);
  expect(trouble).toMatch(
    /^vtepwatch\[0\] \("demo"\) must fit in 4096 bytes of environment variables, and takes \d{4}: /,
  );
  expect(more).toEqual([]);
  expect(troublesOf([{ ...DEMO, tags: { a: values.slice(0, 20) } }])).toEqual([]);
});

describe('a context', () => {
  test.for([
    [undefined, 'is missing; it must be'],
    [{}, 'must be'],
    ['demo', 'must be'],
    [[], 'must be'],
  ] as const)('that is %j is no list of clusters', ([context, must]) => {
    expect(troublesOf(context)).toEqual([
      'These settings are wrong:',
      `vtepwatch ${must} a list of 1 to 100 clusters`,
    ]);
  });

  test('with several wrong keys has them all listed at once, each with its cluster', () => {
    expect(
      troublesOf([
        { ...DEMO, scheduleMinutes: 0 },
        { name: 'b', tags: {} },
        { name: 'x', tags: { a: 'b' }, deviceProfile: 'x' },
        'c',
      ]).map(withoutValue),
    ).toEqual([
      'These settings are wrong:',
      'vtepwatch[0] ("demo"): scheduleMinutes must be a whole number from 1 to 60',
      'vtepwatch[1] ("b"): tags must be 1 to 5 pairs, for example { "vtepwatch": "prod" }',
      'vtepwatch[2] ("x"): deviceProfile must be auto, flannel or calico',
      `vtepwatch[3] must be an object with the keys ${Object.keys(clusterSchema.shape).join(', ')}`,
    ]);
  });

  test('that holds a secret in a wrong place does not have it repeated', () => {
    const secret = 'R0UT1NG-KEY';
    const troubles = troublesOf([
      { ...DEMO, paging: { pagerDuty: { parameter: `${secret} `, key: secret } } },
    ]);
    expect(troubles).toHaveLength(3);
    expect(troubles.join('\n')).not.toContain(secret);
  });

  test('has no key that a terminal would act on in an error', () => {
    const [, ...troubles] = troublesOf([
      { ...DEMO, tags: { '\u001b[2Ja\u202eb\u007f': 'c' }, '\u001b]0;x\u0007': 1 },
    ]);
    expect(troubles).toHaveLength(2);
    expect(troubles.join('')).toMatch(/^[\x20-\x7e]+$/);
    expect(troubles[0]).toContain(String.raw`tags["\u001b[2Ja\u{202e}b\u{7f}"] must be a tag key`);
  });
});

describe('a wrong value', () => {
  test.for([
    [{ region: 'Frankfurt' }, 'for example eu-central-1; it is "Frankfurt"'],
    [{ scheduleMinutes: 0.5 }, 'a whole number from 1 to 60; it is 0.5'],
    [{ name: '\u001b[2J' }, 'for example prod; it is "\\u001b[2J"'],
    [{ logRetentionDays: 31 }, '3653; it is 31'],
    [{ account: '1234' }, 'for example "111122223333"; it is "1234"'],
    [{ tags: { vtepwatch: 'x'.repeat(300) } }, `; it is "${'x'.repeat(59)}...`],
    [{ telemetry: { endpoint: 'Bearer 12345' } }, 'for example https://example.com/path'],
    [{ heartbeatUrl: 'hc-ping.com/5f0e' }, 'for example https://example.com/path'],
    [{ paging: { pagerDuty: { parameter: 'R0UT1NG KEY' } } }, 'the name of a secret'],
  ] as const)('%j is repeated where it is no secret', ([wrong, end]) => {
    const [, trouble = '', ...more] = troublesOf([{ ...DEMO, ...wrong }]);
    expect(trouble.endsWith(end)).toBe(true);
    expect(more).toEqual([]);
  });

  test.for([
    [{ shedule: 1 }, undefined],
    [{ scheduleMinute: 1 }, 'scheduleMinutes'],
    [{ Tags: {} }, 'tags'],
    [{ memory: 512 }, 'memoryMebibytes'],
    [{ zzz: 512 }, undefined],
  ] as const)('of the unknown key in %j: what was probably meant', ([wrong, meant]) => {
    const [, trouble = ''] = troublesOf([{ ...DEMO, ...wrong }]);
    expect(/\. Did you mean (\w+)\?$/.exec(trouble)?.[1]).toBe(meant);
  });
});

describe('two clusters may', () => {
  const other = { name: 'other', tags: { vtepwatch: 'other' } };

  test.for([
    ['have one name in two Regions', { ...DEMO, region: 'us-east-1' }],
    ['have one name in two accounts', { ...DEMO, region: 'eu-central-1', account: '444455556666' }],
  ] as const)('%s', ([, twin]) => {
    const first = { ...DEMO, region: 'eu-central-1', account: '111122223333' };
    expect(readClusters([first, twin, { ...other, region: 'eu-central-1' }])).toHaveLength(3);
  });

  test('share a tag where another tells their hosts apart', () => {
    const [one, two] = ['a', 'b'].map((zone) => ({
      name: zone,
      tags: { team: 'platform', vtepwatch: [zone, `${zone}-spare`] },
    }));
    expect(readClusters([one, two])).toHaveLength(2);
  });
});

describe('two clusters are not', () => {
  const other = { name: 'other', tags: { vtepwatch: 'other' } };

  test.for([
    ['of one name', { ...other, name: 'demo' }],
    ['of one stack', { ...other, name: 'DEMO' }],
  ] as const)('%s', ([, again]) => {
    expect(troublesOf([DEMO, again])).toEqual([
      'These settings are wrong:',
      `vtepwatch[1] ("${again.name}"): name must make another stack name than vtepwatch[0] ("demo")`,
    ]);
  });

  test('of names that differ in what a stack name cannot hold', () => {
    const twins = [
      { ...DEMO, name: 'prod.eu' },
      { ...other, name: 'prod_eu' },
    ];
    expect(troublesOf(twins)[1]).toMatch(/^vtepwatch\[1\] \("prod_eu"\): name must /);
  });

  test.for([
    { vtepwatch: 'demo' },
    { vtepwatch: ['demo'] },
    { vtepwatch: ['other', 'demo'] },
    { vtepwatch: 'demo', team: 'platform' },
    { team: 'platform' },
  ])('of hosts that one host could be: %j', (tags) => {
    expect(troublesOf([DEMO, { name: 'other', tags }])).toEqual([
      'These settings are wrong:',
      'vtepwatch[1] ("other"): tags must exclude the hosts of another cluster, by a tag with other values than vtepwatch[0] ("demo")',
    ]);
  });
});
