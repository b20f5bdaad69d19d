import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LAB_REGION } from '../../lab/aws/account.ts';
import { type CloudFormation, startCloudFormation } from '../../lab/aws/cloudformation.ts';
import { type Lambda, startLambda } from '../../lab/aws/lambda.ts';
import { FAULTS } from '../../lab/faults.ts';
import { type PagerDuty, startPagerDuty } from '../../lab/paging/pagerduty.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../lab/paging/webhook.ts';
import { startWorld, type World } from '../../lab/world.ts';
import { incidentStore } from '../../lambda/systems/incident-store/incident-store.ts';
import { reportSchema } from '../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';
import { testPageResultSchema } from '../../shared/contract/test-page.ts';
import { type Ended, type Environment, OPERATOR, vtepwatch } from './deployed.ts';
import { deadlineIn } from '../support/deadlines.ts';

const FUNCTION = 'vtepwatch-demo-Watch';

let pagerDuty: PagerDuty;
let webhook: WebhookReceiver;
let world: World;
let cloudFormation: CloudFormation;
let lambda: Lambda;
let env: Environment;

beforeAll(async () => {
  [pagerDuty, webhook] = await Promise.all([startPagerDuty(), startWebhookReceiver()]);
  world = await startWorld({
    cluster: 'demo',
    limits: { secondLookSeconds: 1, slowSeconds: 3 },
    dialSeconds: 2,
    parameters: new Map([['/vtepwatch/demo/pagerduty', pagerDuty.routingKey]]),
    env: {
      [ENVIRONMENT.pagerDutyParameter]: '/vtepwatch/demo/pagerduty',
      [ENVIRONMENT.pagerDutyUrl]: pagerDuty.url,
      [ENVIRONMENT.webhookUrl]: webhook.url,
    },
  });
  const { aws, function: watch } = world;
  lambda = await startLambda({
    [FUNCTION]: (event) => watch.invoke(event, { timeoutSeconds: 55 }),
  });
  const outputs = {
    FunctionName: FUNCTION,
    TopicArn: aws.sns.topicArn,
    DocumentName: aws.environment[ENVIRONMENT.document] ?? '',
  };
  cloudFormation = await startCloudFormation({ 'Vtepwatch-demo': { outputs } });
  env = {
    ...OPERATOR,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ENDPOINT_URL_SNS: aws.sns.url,
    AWS_ENDPOINT_URL_SSM: aws.ssm.url,
  };
}, 120_000);
afterEach(() => {
  for (const { gate } of [world.aws.sns, pagerDuty, webhook]) gate.open();
});
afterAll(async () => {
  const parts = [cloudFormation, lambda, world, pagerDuty, webhook];
  await Promise.all(parts.map((part) => part?.close()));
});

async function demo(...words: readonly string[]): Promise<Ended> {
  const [command = '', ...options] = words;
  return await vtepwatch([command, '--cluster', 'demo', ...options], env);
}

describe('check of a healthy cluster', () => {
  test('tells the verdict, the latencies and what was covered, and no matrix; exit 0', async () => {
    const { exit, stdout } = await demo('check');
    expect(stdout).toContain('cluster demo: healthy; canal overlay; 6 of 6 nodes checked\n');
    expect(stdout).toMatch(
      /\nLatency\n( {2}master[123] .*\n)*? {2}master1 {2}kubectl get nodes( and \/readyz)? {2}/,
    );
    expect(stdout).toMatch(
      /\nCoverage\n {2}overlay {8}flannel VXLAN by canal; VNI 1, port 8472; .*\n/,
    );
    expect(stdout).toContain('\n  answered       6 of 6 nodes\n  not reporting  none');
    expect(stdout).toContain('\n  masters        master1, master2 and master3\n');
    expect(stdout).toContain('\n  pages to       sns, pagerduty and webhook\n');
    expect(stdout).not.toContain('row: observer');
    expect(exit).toBe(0);
  });

  test('says on standard error what it is doing, and prints the document alone', async () => {
    const { exit, stdout, stderr } = await demo('check', '--json');
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report).toMatchObject({ cluster: 'demo', verdict: 'healthy' });
    expect(report.coverage).toEqual({
      outside: [],
      nodeList: {
        source: 'kubeconfig',
        nodes: 6,
        ageSeconds: 0,
        voters: [],
        silent: [],
        unsettled: [],
      },
      masters: ['master1', 'master2', 'master3'],
      channels: ['sns', 'pagerduty', 'webhook'],
      gaps: [],
    });
    expect(stderr).toMatch(
      /^looking for cluster demo \.\.\.\nrunning vtepwatch-demo-Watch, for up to two minutes \.\.\.\n/,
    );
    expect(exit).toBe(0);
  });
});

describe('check of a broken cluster', () => {
  beforeAll(async () => {
    await world.inflict(...FAULTS['neighbour-missing'].damage);
  });

  test('with --no-page shows the fault and pages nobody; the next run pages it as if it had not been', async () => {
    const { exit, stdout } = await vtepwatch(['check', 'demo', '--no-page'], env);
    expect(stdout).toContain('tunnel IP 10.68.0.0) is unreachable from 5 of 5 nodes');
    expect(exit).toBe(1);
    expect(pagerDuty.alerts()).toEqual([]);
    expect(webhook.received()).toEqual([]);
  });

  test('shows the matrix and the page that went out; exit 1', async () => {
    const { exit, stdout } = await demo('check');
    expect(exit).toBe(1);
    expect(stdout).toContain('cluster demo: INCIDENT; canal overlay; 6 of 6 nodes checked');
    expect(stdout).toMatch(/node1 +N +· +· +- /);
    expect(stdout).toContain('tunnel IP 10.68.0.0) is unreachable from 5 of 5 nodes');
    expect(pagerDuty.alerts()).toMatchObject([
      {
        dedupKey: 'demo/subject/master1',
        status: 'triggered',
        payloads: [{ severity: 'critical', class: 'neighbour-missing' }],
      },
    ]);
    expect(webhook.received().map(({ document }) => document.kind)).toEqual(['opened']);
  });
});

describe('check and the schedule', () => {
  test('a run that is under way: nothing is checked, and it is said; exit 2', async () => {
    const { dynamoDb } = world.aws;
    const client = new DynamoDBClient({
      endpoint: dynamoDb.url,
      region: LAB_REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    onTestFinished(() => client.destroy());
    const store = incidentStore({ client, table: dynamoDb.tableName, cluster: 'demo' });
    const now = Date.now();
    const tick = { scheduledTime: new Date(now).toISOString(), owner: 'schedule', now };
    const lease = await store.acquire({ ...tick, expiresAt: now + 60_000 }, deadlineIn(5000));
    if (lease.kind !== 'lease') throw new Error('the schedule got no lease');
    const text = await demo('check');
    const json = await demo('check', '--json');
    await lease.release(deadlineIn(5000));

    expect(text).toMatchObject({ exit: 2, stdout: '' });
    expect(text.stderr).toMatch(
      /\nvtepwatch: nothing was checked: the run of \S+ is still under way; try again in a minute\n$/,
    );
    expect(json.exit).toBe(2);
    expect(reportSchema.parse(JSON.parse(json.stdout)).refused).toContain('is still under way');
  });

  test('two at the same moment: the function is busy for the second', async () => {
    const both = await Promise.all([demo('check'), demo('check')]);
    expect(new Set(both.map(({ exit }) => exit))).toEqual(new Set([1, 2]));
    expect(both.find(({ exit }) => exit === 2)?.stderr).toContain(
      'it is busy with a scheduled run',
    );
  });
});

describe('check and the topic', () => {
  test('says that nobody would be paged, where nobody has subscribed and there is no other channel', async () => {
    const report = await world.tick();
    const { coverage } = report;
    if (coverage === undefined) throw new Error('the run tells no coverage');
    const alone = { ...report, coverage: { ...coverage, channels: ['sns'] } };
    const other = await startLambda({
      [FUNCTION]: async () => ({ kind: 'result', result: alone }),
    });
    onTestFinished(() => other.close());
    world.aws.sns.gate.fail({
      operation: 'GetTopicAttributes',
      fault: { kind: 'garbled', status: 200, body: attributesOf({ SubscriptionsConfirmed: '0' }) },
    });
    const words = ['check', '--cluster', 'demo'];
    const { stdout } = await vtepwatch(words, { ...env, AWS_ENDPOINT_URL_LAMBDA: other.url });
    expect(stdout).toMatch(
      /\nWhat would show more\n {2}paging: a confirmed subscription .*: today nobody is paged\n/,
    );
  });

  test('goes on where the operator may not look who has subscribed, and says so', async () => {
    world.aws.sns.gate.fail({
      operation: 'GetTopicAttributes',
      fault: { kind: 'refused', error: { type: 'AuthorizationError', message: 'no', status: 403 } },
    });
    const { exit, stdout, stderr } = await demo('check');
    expect(stderr).toContain('counting the subscriptions of the topic: ');
    expect(stdout).toContain('\nCoverage\n');
    expect(exit).toBe(1);
  });
});

test('a version that somebody has added to the document is a problem of the report', async () => {
  const document = world.aws.environment[ENVIRONMENT.document] ?? '';
  const before = reportSchema.parse(JSON.parse((await demo('check', '--json')).stdout));
  world.aws.ssm.addVersion(document);
  const after = reportSchema.parse(JSON.parse((await demo('check', '--json')).stdout));
  const ofDocument = ({ problems }: typeof before): readonly string[] =>
    problems.filter(({ where }) => where === document).map(({ message }) => message);
  expect(ofDocument(before)).toEqual([]);
  expect(ofDocument(after)).toEqual([
    'somebody has added a version to the document of the stack: 2; the function runs version 1 alone',
  ]);
});

describe('test-page', () => {
  test('goes through every channel; exit 0', async () => {
    const { exit, stdout } = await demo('test-page');
    expect(stdout).toBe(
      'cluster demo: a test page\n  sns        delivered to 1 confirmed subscribers\n  pagerduty  delivered\n  webhook    delivered\n',
    );
    expect(exit).toBe(0);
    expect(webhook.received().at(-1)?.document.summary).toBe('[demo] test page, nothing is wrong');
  });

  test('says which channel did not take it, and why; exit 1', async () => {
    const error = { type: 'Gone', message: 'no longer here', status: 410 };
    webhook.gate.fail({ operation: 'POST', fault: { kind: 'refused', error } });
    const { exit, stdout } = await demo('test-page', '--json');
    expect(testPageResultSchema.parse(JSON.parse(stdout))).toEqual({
      cluster: 'demo',
      channels: [
        { name: 'sns', delivered: true, subscribers: 1 },
        { name: 'pagerduty', delivered: true },
        { name: 'webhook', delivered: false, reason: 'refused: answered 410' },
      ],
    });
    expect(exit).toBe(1);
  });
});

function attributesOf(attributes: Readonly<Record<string, string>>): string {
  const entries = Object.entries(attributes).map(
    ([key, value]) => `<entry><key>${key}</key><value>${value}</value></entry>`,
  );
  return `<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>${entries.join('')}</Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`;
}
