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

describe('a good context', () => {
  test('needs the name and the tags of each cluster, and has a default for everything else', () => {
    expect(readClusters([DEMO])).toEqual([
      {
        ...DEMO,
        deviceProfile: 'auto',
        scheduleMinutes: 5,
        limits: limitsSchema.parse({}),
        paging: { emails: [] },
        alarmEmails: [],
        runbook: 'RUNBOOK.md',
        memoryMebibytes: 512,
      },
    ]);
  });

  test('may set everything', () => {
    const cluster = {
      name: 'prod.eu-1',
      tags: { vtepwatch: ['prod', 'edge'], 'team:owner': 'platform' },
      region: 'eu-central-1',
      deviceProfile: 'flannel',
      kubeconfigPaths: ['/etc/kubernetes/super-admin.conf'],
      scheduleMinutes: 1,
      limits: { ...limitsSchema.parse({}), slowSeconds: 2 },
      kubeconfigParameter: '/vtepwatch/prod/kubeconfig',
      telemetry: {
        endpoint: 'https://otlp.example.com',
        headersParameter: '/vtepwatch/prod/otlp-headers',
      },
      paging: {
        emails: ['oncall@example.com'],
        pagerDuty: {
          parameter: 'pagerduty',
          url: 'https://events.eu.pagerduty.com/v2/enqueue',
        },
        webhook: { url: 'http://alerts.internal:8080/pages' },
      },
      heartbeatUrl: 'https://hc-ping.com/5f0e6f3c',
      alarmEmails: ['platform@example.com'],
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

const NAME = 'allowed: 1 to 63 letters, digits and . _ -, with a letter or digit first and last';
const TAG = 'allowed: a tag of 1 to 128 letters, digits, spaces and _ . : / = - @';
const VALUE = 'allowed: a tag value of 1 to 256 letters, digits, spaces and _ . : / = + - @';
const PARAMETER =
  'allowed: the name of an SSM parameter, /path/name or name, that does not begin with aws or ssm';
const PATH = 'allowed: an absolute path of letters, digits and _ . -';
const ADDRESS = 'allowed: an http or https URL without user and password';

describe('one wrong key is named with what is allowed', () => {
  test.for([
    [{ name: undefined }, `.name is missing; ${NAME}`],
    [{ name: '' }, `.name is wrong; ${NAME}`],
    [{ name: 'de mo' }, `.name is wrong; ${NAME}`],
    [{ name: '-demo' }, `.name is wrong; ${NAME}`],
    [{ name: 'd'.repeat(64) }, `.name is wrong; ${NAME}`],
    [{ name: 7 }, `.name is wrong; ${NAME}`],
    [{ tags: undefined }, '.tags is missing; allowed: 1 to 5 of them'],
    [{ tags: {} }, '.tags is wrong; allowed: 1 to 5 of them'],
    [{ tags: { 'a*': 'b' } }, `.tags.a* is wrong; ${TAG}`],
    [{ tags: { a: '' } }, `.tags.a is wrong; ${VALUE}`],
    [{ tags: { a: 'b*' } }, `.tags.a is wrong; ${VALUE}`],
    [{ tags: { a: '${aws:username}' } }, `.tags.a is wrong; ${VALUE}`],
    [{ tags: { a: [] } }, '.tags.a is wrong; allowed: a list of 1 to 50'],
    [{ tags: { a: 1 } }, '.tags.a is wrong; allowed: a tag value, or a list of 1 to 50'],
    [{ tags: { a: ['b', '*'] } }, `.tags.a[1] is wrong; ${VALUE}`],
    [{ region: 'Frankfurt' }, '.region is wrong; allowed: an AWS Region, like eu-central-1'],
    [{ deviceProfile: 'cilium' }, '.deviceProfile is wrong; allowed: auto, flannel, calico'],
    [{ kubeconfigPaths: [] }, '.kubeconfigPaths is wrong; allowed: a list of 1 to 8'],
    [{ kubeconfigPaths: ['admin.conf'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/etc/../root/x'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/a; reboot'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/$(reboot)'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/a\n/b'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/*'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ kubeconfigPaths: ['/{{ Action }}'] }, `.kubeconfigPaths[0] is wrong; ${PATH}`],
    [{ scheduleMinutes: 0 }, '.scheduleMinutes is wrong; allowed: a whole number from 1 to 60'],
    [{ scheduleMinutes: 0.5 }, '.scheduleMinutes is wrong; allowed: a whole number from 1 to 60'],
    [{ scheduleMinutes: '5' }, '.scheduleMinutes is wrong; allowed: a whole number from 1 to 60'],
    [
      { scheduleMinutes: 1, limits: { answerSeconds: 33 } },
      '.limits is wrong; allowed: answerSeconds and secondLookSeconds of 42 together at most',
    ],
    [{ limits: { quorum: 2 } }, '.limits.quorum is wrong; Too big: expected number to be <=1'],
    [
      { limits: { latency: 2 } },
      `.limits.latency: there is no such key; allowed: the keys ${Object.keys(limitsSchema.shape).join(', ')}`,
    ],
    [{ kubeconfigParameter: 'a b' }, `.kubeconfigParameter is wrong; ${PARAMETER}`],
    [{ kubeconfigParameter: '/aws/x' }, `.kubeconfigParameter is wrong; ${PARAMETER}`],
    [{ kubeconfigParameter: 'SSMx' }, `.kubeconfigParameter is wrong; ${PARAMETER}`],
    [{ kubeconfigParameter: '/a/*' }, `.kubeconfigParameter is wrong; ${PARAMETER}`],
    [{ telemetry: {} }, `.telemetry.endpoint is missing; ${ADDRESS}`],
    [
      { telemetry: { endpoint: 'grpc://collector:4317' } },
      `.telemetry.endpoint is wrong; ${ADDRESS}`,
    ],
    [
      { telemetry: { endpoint: 'https://otlp.example.com', headers: 'x=y' } },
      '.telemetry.headers: there is no such key; allowed: the keys endpoint, headersParameter',
    ],
    [
      { paging: { slack: 'x' } },
      '.paging.slack: there is no such key; allowed: the keys emails, pagerDuty, webhook',
    ],
    [{ paging: { emails: ['nobody'] } }, '.paging.emails[0] is wrong; allowed: an e-mail address'],
    [{ paging: { pagerDuty: {} } }, `.paging.pagerDuty.parameter is missing; ${PARAMETER}`],
    [
      { paging: { webhook: {} } },
      '.paging.webhook is wrong; allowed: either the key parameter or the key url',
    ],
    [
      { paging: { webhook: { parameter: '/a', url: 'https://a.test' } } },
      '.paging.webhook is wrong; allowed: either the key parameter or the key url',
    ],
    [{ heartbeatUrl: 'https://u:p@a.test' }, `.heartbeatUrl is wrong; ${ADDRESS}`],
    [{ runbook: 'RUNBOOK.md#x' }, '.runbook is wrong; allowed: a path or URL without spaces and #'],
    [
      { vpc: { subnetIds: ['subnet-0123456789abcdef0'] } },
      '.vpc.securityGroupIds is missing; allowed: a list of 1 to 5',
    ],
    [
      { vpc: { subnetIds: ['vpc-1'], securityGroupIds: ['sg-0123456789abcdef0'] } },
      '.vpc.subnetIds[0] is wrong; allowed: a subnet id, subnet-...',
    ],
    [
      { memoryMebibytes: 128 },
      '.memoryMebibytes is wrong; allowed: a whole number from 256 to 3008',
    ],
    [
      { shedule: 1 },
      `.shedule: there is no such key; allowed: the keys ${Object.keys(clusterSchema.shape).join(', ')}`,
    ],
  ] as const)('%j', ([wrong, said]) => {
    const [first, trouble, ...more] = troublesOf([{ ...DEMO, ...wrong }]);
    expect(first).toBe('The settings in vtepwatch are wrong:');
    expect(trouble).toBe(`vtepwatch[0]${said}`);
    expect(more).toEqual([]);
  });
});

describe('a context', () => {
  test.for([undefined, {}, 'demo', []])('that is %j is no list of clusters', (context) => {
    const [, trouble] = troublesOf(context);
    expect(trouble).toMatch(/^vtepwatch is (missing|wrong); allowed: a list of 1 to 100$/);
  });

  test('with several wrong keys has them all told at once', () => {
    const [, ...troubles] = troublesOf([
      { ...DEMO, scheduleMinutes: 0 },
      { name: 'x', tags: { a: 'b' }, deviceProfile: 'x' },
    ]);
    expect(troubles.map((line) => line.split(' ')[0])).toEqual([
      'vtepwatch[0].scheduleMinutes',
      'vtepwatch[1].deviceProfile',
    ]);
  });

  test('that holds a secret in a wrong place does not have it told', () => {
    const secret = 'R0UT1NG-KEY';
    const troubles = troublesOf([
      { ...DEMO, paging: { pagerDuty: { parameter: `${secret} `, key: secret } } },
    ]);
    expect(troubles).toHaveLength(3);
    expect(troubles.join('\n')).not.toContain(secret);
  });
});

describe('two clusters are not', () => {
  const other = { name: 'other', tags: { vtepwatch: 'other' } };

  test.for([
    ['of one name', { ...other, name: 'demo' }],
    ['of one stack', { ...other, name: 'DEMO' }],
  ] as const)('%s', ([, again]) => {
    expect(troublesOf([DEMO, again])).toEqual([
      'The settings in vtepwatch are wrong:',
      'vtepwatch[1].name: the name, or the name of the stack made of it, of vtepwatch[0] again; allowed: each cluster its own',
    ]);
  });

  test('of names that differ in what a stack name cannot hold', () => {
    const twins = [
      { ...DEMO, name: 'prod.eu' },
      { ...other, name: 'prod_eu' },
    ];
    expect(troublesOf(twins)[1]).toMatch(/^vtepwatch\[1\]\.name: /);
  });

  test.for([{ vtepwatch: 'demo' }, { vtepwatch: ['demo'] }])('of the same hosts: %j', (tags) => {
    expect(troublesOf([DEMO, { name: 'other', tags }])).toEqual([
      'The settings in vtepwatch are wrong:',
      'vtepwatch[1].tags: the tags, and with them the hosts, of vtepwatch[0] again; allowed: each cluster its own',
    ]);
  });
});
