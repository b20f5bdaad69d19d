import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Aws, startAws } from '../../lab/aws/aws.ts';
import { type Context, handler } from '../../lambda/handler.ts';
import { probeDocument } from '../../shared/contract/probe.ts';
import { ENVIRONMENT } from '../../shared/contract/settings.ts';

const CLUSTER = 'handled';
const TICK = '2020-01-06T09:00:00Z';

/** Time enough for a run of no hosts. */
const REMAINING_MS = 20_000;

let aws: Aws | undefined;
const before = { ...process.env };
beforeAll(async () => {
  aws = await startAws({ nodes: [], document: probeDocument('') });
  Object.assign(process.env, aws.environment, {
    [ENVIRONMENT.cluster]: CLUSTER,
    [ENVIRONMENT.targets]: '[{"Key":"tag:cluster","Values":["lab"]}]',
    OTEL_SDK_DISABLED: 'true',
  });
});
afterAll(async () => {
  for (const name of Object.keys(process.env)) {
    if (!(name in before)) delete process.env[name];
  }
  await aws?.close();
});

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

test.for(['tomorrow', '', '2020-01-06', '2020-01-06T09:00:00+01:00', '9999-01-01T00:00:00Z'])(
  'a tick at "%s" is an error, and shuts out no other tick',
  async (scheduledTime) => {
    await expect(handler({ scheduledTime }, context())).rejects.toThrow(
      'scheduledTime is not ISO 8601 in UTC',
    );
    expect(aws?.dynamoDb.gate.calls).toEqual([]);
  },
);

test('an event that is delivered twice at once, under one request id, runs once', async () => {
  const event = { scheduledTime: TICK };
  const reports = await Promise.all([handler(event, context()), handler(event, context())]);
  const refused = reports.filter(({ problems }) =>
    problems.some(({ message }) => message.includes('has run already')),
  );
  expect(refused).toHaveLength(1);
  expect(aws?.ssm.gate.count('SendCommand')).toBe(1);
});

test('a tick is the same in every way of writing its time', async () => {
  const report = await handler({ scheduledTime: TICK.replace('Z', '.000Z') }, context());
  expect(report).toMatchObject({
    cluster: CLUSTER,
    verdict: 'unjudged',
    problems: [{ where: CLUSTER, message: expect.stringContaining('has run already') }],
  });
});

test('an event without a time is a tick of its own', async () => {
  const { problems } = await handler({}, context());
  expect(problems[0]).toEqual({
    where: 'Systems Manager',
    message: expect.stringMatching(/^no host was asked/),
  });
});
