import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CloudFormation, startCloudFormation } from '../../lab/aws/cloudformation.ts';
import type { Fault } from '../../lab/aws/gate.ts';
import { type Lambda, startLambda } from '../../lab/aws/lambda.ts';
import type { Invocation } from '../../lab/function/function.ts';
import { type Environment, OPERATOR, vtepwatch } from './deployed.ts';

const OUTPUTS = { FunctionName: 'watch', TopicArn: 'arn:aws:sns:eu-central-1:000000000000:watch' };

let cloudFormation: CloudFormation;
let lambda: Lambda;
let answer: Invocation;
let env: Environment;
beforeAll(async () => {
  cloudFormation = await startCloudFormation({
    'Vtepwatch-demo': { outputs: OUTPUTS },
    'Vtepwatch-gone': { outputs: { ...OUTPUTS, FunctionName: 'gone' } },
    'somebody-elses': { outputs: { Bucket: 'pictures' } },
  });
  lambda = await startLambda({ watch: async () => answer });
  env = {
    ...OPERATOR,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
  };
});
afterEach(() => {
  cloudFormation.gate.open();
  lambda.gate.open();
});
afterAll(async () => {
  await Promise.all([cloudFormation?.close(), lambda?.close()]);
});

const COMMANDS = ['check', 'test-page'] as const;

/** What the last line on standard error says; everything else must be progress. */
async function complaint(
  words: readonly string[],
  { status = 2, environment = env } = {},
): Promise<string> {
  const { exit, stdout, stderr } = await vtepwatch(words, environment);
  expect(exit).toBe(status);
  expect(stdout).toBe('');
  const lines = stderr.trimEnd().split('\n');
  for (const line of lines.slice(0, -1)) expect(line).toMatch(/ \.\.\.$/);
  return lines.at(-1) ?? '';
}

function refuse(type: string, status = 400, message = 'no'): Fault {
  return { kind: 'refused', error: { type, message, status } };
}

describe.for(COMMANDS)('%s says in one sentence what is wrong:', (command) => {
  test('no cluster is named', async () => {
    const others = command === 'check' ? ', or --all, --ssh or --ssm' : '';
    expect(await complaint([command], { status: 64 })).toBe(
      `vtepwatch: ${command} needs the NAME of a cluster${others}: see vtepwatch ${command} --help`,
    );
  });

  test('there is no such stack', async () => {
    expect(await complaint([command, '--cluster', 'pröd'], { status: 69 })).toBe(
      'vtepwatch: looking for cluster pröd: there is no stack Vtepwatch-pr-d in this account in eu-central-1; ' +
        'use --region or --stack to name another',
    );
  });

  test.for([{ result: null }, { result: 'all is well' }, { result: { healthy: true } }])(
    'the function returns something else: %j',
    async ({ result }) => {
      answer = { kind: 'result', result };
      expect(await complaint([command, '--cluster', 'demo'])).toMatch(
        /^vtepwatch: running the function watch: its answer is not .*; was it deployed from this version\?$/,
      );
    },
  );
});

describe('check says in one sentence what is wrong:', () => {
  test('the region is another', async () => {
    const words = ['check', '--cluster', 'prod', '--region', 'eu-west-1'];
    expect(await complaint(words, { status: 69 })).toContain('in this account in eu-west-1;');
  });

  test('the stack is not vtepwatch’s', async () => {
    const words = ['check', '--cluster', 'demo', '--stack', 'somebody-elses'];
    expect(await complaint(words)).toBe(
      'vtepwatch: the stack somebody-elses has no outputs FunctionName and TopicArn: it belongs to something else, or its deployment did not finish',
    );
  });

  test('the stack watches another cluster', async () => {
    const hosts = { observed: [], unknown: [] };
    const told = { incidents: [], problems: [], latencies: [] };
    const at = '2026-11-23T09:00:00.000Z';
    const result = { cluster: 'prod', at, verdict: 'healthy', hosts, ...told };
    answer = { kind: 'result', result };
    expect(await complaint(['check', '--cluster', 'demo'])).toBe(
      'vtepwatch: the stack Vtepwatch-demo watches cluster prod, not demo',
    );
  });

  test('the region is none of AWS', async () => {
    const { AWS_ENDPOINT_URL_CLOUDFORMATION: _, ...others } = env;
    const words = ['check', '--cluster', 'demo', '--region', 'mars'];
    expect(await complaint(words, { environment: others, status: 69 })).toMatch(
      /^vtepwatch: looking for cluster demo: this address is not known: check the network, and --region, which must be one of AWS, such as eu-central-1 \(/,
    );
  });

  test('no region is known', async () => {
    const { AWS_REGION: _, ...others } = env;
    expect(
      await complaint(['check', '--cluster', 'demo'], { environment: others, status: 64 }),
    ).toBe(
      'vtepwatch: looking for cluster demo: no region is given: use --region, or set AWS_REGION',
    );
  });

  test('there are no credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = env;
    expect(
      await complaint(['check', '--cluster', 'demo'], { environment: others, status: 77 }),
    ).toMatch(
      /^vtepwatch: looking for cluster demo: no AWS credentials were found: log in, or set AWS_PROFILE \(/,
    );
  });

  test.for([
    [
      'ExpiredToken',
      77,
      'the AWS credentials have expired: log in again, for example with aws sso login (ExpiredToken: no)',
    ],
    [
      'AccessDenied',
      77,
      'these AWS credentials may not do that: use others, or have the action allowed (AccessDenied: no)',
    ],
    [
      'InvalidClientTokenId',
      77,
      'AWS does not know these credentials: check AWS_PROFILE with aws sts get-caller-identity (InvalidClientTokenId: no)',
    ],
    ['InternalFailure', 2, 'InternalFailure: no'],
  ] as const)('CloudFormation answers %s', async ([type, status, sentence]) => {
    cloudFormation.gate.fail({ operation: '*', fault: refuse(type) });
    expect(await complaint(['check', '--cluster', 'demo'], { status })).toBe(
      `vtepwatch: looking for cluster demo: ${sentence}`,
    );
  });

  test('nobody answers', async () => {
    const nobody = { ...env, AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:9' };
    expect(
      await complaint(['check', '--cluster', 'demo'], { environment: nobody, status: 69 }),
    ).toMatch(
      /^vtepwatch: looking for cluster demo: AWS did not answer: check the network, and --region \(.*ECONNREFUSED/,
    );
  });

  test.for([
    [
      refuse('TooManyRequestsException', 429),
      2,
      'it is busy with a scheduled run; try again in a minute',
    ],
    [
      refuse('AccessDeniedException', 403, 'not authorized to perform: lambda:InvokeFunction'),
      77,
      'these AWS credentials may not do that: use others, or have the action allowed (AccessDeniedException: not authorized to perform: lambda:InvokeFunction)',
    ],
    [refuse('ServiceException', 500), 2, 'ServiceException: no'],
  ] as const)('Lambda answers %j, and is not asked twice', async ([fault, status, sentence]) => {
    const calls = lambda.gate.count('Invoke');
    lambda.gate.fail({ operation: 'Invoke', fault });
    expect(await complaint(['check', '--cluster', 'demo'], { status })).toBe(
      `vtepwatch: running the function watch: ${sentence}`,
    );
    expect(lambda.gate.count('Invoke')).toBe(calls + 1);
  });

  test('the function is gone', async () => {
    expect(await complaint(['check', '--cluster', 'gone'])).toBe(
      'vtepwatch: running the function gone: it does not exist, although the stack names it',
    );
  });

  test.for([
    [
      {
        errorType: 'Error',
        errorMessage: 'environment variable VTEPWATCH_TABLE is missing\n\u001B[31mAllowed: a name',
      },
      'Error: environment variable VTEPWATCH_TABLE is missing ?[31mAllowed: a name',
    ],
    [
      { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 55.00 seconds' },
      'Sandbox.Timedout: Task timed out after 55.00 seconds',
    ],
  ] as const)('the function fails: %j', async ([error, sentence]) => {
    answer = { kind: 'error', error: { ...error, trace: [] } };
    expect(await complaint(['check', '--cluster', 'demo'])).toBe(
      `vtepwatch: running the function watch: it failed with ${sentence}; see its log`,
    );
  });
});

test('check --no-page of a function that does not know it: it refused, and the sentence says what to do', async () => {
  const errorMessage =
    'reading the event: scheduledTime is not ISO 8601 in UTC, or lies ahead: none';
  answer = { kind: 'error', error: { errorType: 'Error', errorMessage, trace: [] } };
  expect(await complaint(['check', 'demo', '--no-page'])).toBe(
    'vtepwatch: running the function watch: it is of an earlier version that cannot run without paging, and refused: nothing was checked and nobody paged. ' +
      'Deploy this version, or leave out --no-page: then it pages what it finds',
  );
});

describe('test-page', () => {
  test('shows nothing of a channel’s reason that could move the terminal', async () => {
    const channels = [{ name: 'web\nhook', delivered: false, reason: '\u001B[2Jgone\u202E' }];
    answer = { kind: 'result', result: { cluster: 'demo', channels } };
    const { exit, stdout } = await vtepwatch(['test-page', '--cluster', 'demo'], env);
    expect(exit).toBe(1);
    expect(stdout).toBe('cluster demo: a test page\n  web?hook  NOT delivered: ?[2Jgone?\n');
  });
});
