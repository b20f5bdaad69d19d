import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CloudFormation, startCloudFormation } from '../../lab/aws/cloudformation.ts';
import { type Lambda, startLambda } from '../../lab/aws/lambda.ts';
import { stackDescriptionOf } from '../../shared/contract/deployment.ts';
import { type Ended, type Environment, OPERATOR, vtepwatch } from './deployed.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:000000000000:watch';

function stackOf(
  cluster: string,
  status?: string,
): {
  readonly outputs: Record<string, string>;
  readonly description: string;
  readonly status?: string;
} {
  return {
    outputs: { FunctionName: cluster, TopicArn: TOPIC },
    description: stackDescriptionOf(cluster),
    ...(status === undefined ? {} : { status }),
  };
}

/** More stacks than a page has come before those of vtepwatch. */
const OTHERS = Object.fromEntries(
  Array.from({ length: 150 }, (_, at) => [`app-${at}`, { outputs: {}, description: 'an app' }]),
);

function answerOf(cluster: string, verdict: string): object {
  const rest = { incidents: [], problems: [], latencies: [] };
  const hosts = { observed: [], unknown: [] };
  return { cluster, at: '2026-11-23T09:00:00.000Z', verdict, hosts, ...rest };
}

let cloudFormation: CloudFormation;
let lambda: Lambda;
let env: Environment;
/** The verdict of the function of each cluster. */
const verdicts = new Map<string, string>();
beforeAll(async () => {
  cloudFormation = await startCloudFormation({
    ...OTHERS,
    'Vtepwatch-gone': stackOf('gone', 'DELETE_COMPLETE'),
    'Vtepwatch-half': stackOf('half', 'ROLLBACK_COMPLETE'),
    'Vtepwatch-prod': stackOf('prod', 'UPDATE_COMPLETE'),
    'StackSet-vtepwatch-0b1c': stackOf('site.b'),
  });
  const answer = (cluster: string) => async () =>
    ({ kind: 'result', result: answerOf(cluster, verdicts.get(cluster) ?? 'healthy') }) as const;
  lambda = await startLambda({ prod: answer('prod'), 'site.b': answer('site.b') });
  env = {
    ...OPERATOR,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
  };
});
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'vtepwatch-clusters-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
  cloudFormation.gate.open();
  verdicts.clear();
});
afterAll(async () => {
  await Promise.all([cloudFormation?.close(), lambda?.close()]);
});

function write(name: string, content: unknown): string {
  const file = path.join(directory, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function run(...words: readonly string[]): Promise<Ended> {
  return await vtepwatch(words, env, directory);
}

describe('list prints', () => {
  test.for([
    [
      'a list',
      [
        { name: 'prod', tags: { a: 'b' } },
        { name: 'site.b', region: 'eu-west-1' },
      ],
    ],
    ['an object', { clusters: [{ name: 'prod' }, { name: 'site.b', region: 'eu-west-1' }] }],
  ])('the clusters of a file outside the checkout, which is %s', async ([, content]) => {
    const file = write('clusters.json', content);
    expect(await run('list', '--config', file)).toEqual({
      exit: 0,
      stdout: 'prod    Vtepwatch-prod\nsite.b  Vtepwatch-site-b  eu-west-1\n',
      stderr: '',
    });
  });

  test('those of the file that cdk.json names', async () => {
    const config = write('clusters.json', [{ name: 'prod' }]);
    write('cdk.json', { app: 'node infra/app.ts', context: { config } });
    expect((await run('list')).stdout).toBe('prod  Vtepwatch-prod\n');
  });

  test.for([undefined, { app: 'node bin/mine.js', context: { '@aws-cdk/core:x': true } }])(
    'those that are deployed, where cdk.json is %j',
    async (cdk) => {
      if (cdk !== undefined) write('cdk.json', cdk);
      expect(await run('list')).toEqual({
        exit: 0,
        stdout:
          'prod    Vtepwatch-prod           eu-central-1\nsite.b  StackSet-vtepwatch-0b1c  eu-central-1\n',
        stderr: 'looking for the stacks of vtepwatch ...\n',
      });
    },
  );

  test('as a document too', async () => {
    expect(JSON.parse((await run('list', '--json')).stdout)).toEqual([
      { name: 'prod', stack: 'Vtepwatch-prod', region: 'eu-central-1' },
      { name: 'site.b', stack: 'StackSet-vtepwatch-0b1c', region: 'eu-central-1' },
    ]);
  });
});

describe('list says in one sentence what is wrong:', () => {
  test('there is no file and no stack', async () => {
    const empty = await startCloudFormation(OTHERS);
    const other = { ...env, AWS_ENDPOINT_URL_CLOUDFORMATION: empty.url };
    const { exit, stdout, stderr } = await vtepwatch(['list'], other, directory);
    await empty.close();
    expect(stderr).toContain(
      'vtepwatch: cdk.json in this directory names no cluster, and this account has no stack of vtepwatch in eu-central-1; ' +
        'use --config to name a file of settings, or --region to name another Region\n',
    );
    expect({ exit, stdout }).toEqual({ exit: 69, stdout: '' });
  });

  test.for([
    [
      '[]',
      'lists no clusters: it must be a list, or { "clusters": [...] }, and each must have its name',
    ],
    ['{"clusters":[{"tags":{}}]}', 'lists no clusters'],
    ['{"token":"a secret"', 'it is not JSON'],
  ] as const)('the file is %s, of which nothing is quoted', async ([content, sentence]) => {
    const { exit, stderr } = await run('list', '--config', write('clusters.json', content));
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('secret');
    expect(exit).toBe(2);
  });

  test('the operator may not list stacks', async () => {
    const message = 'User is not authorized to perform: cloudformation:ListStacks';
    const error = { type: 'AccessDenied', message, status: 403 };
    cloudFormation.gate.fail({ operation: 'ListStacks', fault: { kind: 'refused', error } });
    const { exit, stderr } = await run('list');
    expect(stderr).toContain('looking for the stacks of vtepwatch: these AWS credentials may not');
    expect(stderr).toContain('cloudformation:ListStacks');
    expect(exit).toBe(77);
  });
});

describe('check --all', () => {
  test('checks each deployed cluster, and an incident of one is the exit status', async () => {
    verdicts.set('prod', 'incident');
    const { exit, stdout } = await run('check', '--all');
    expect(stdout).toMatch(/^cluster prod: INCIDENT[^]*^cluster site\.b: healthy/m);
    expect(exit).toBe(1);
  });

  test('checks those of a file, and goes on where one has no stack', async () => {
    const file = write('clusters.json', [{ name: 'none' }, { name: 'prod' }]);
    const { exit, stdout, stderr } = await run('check', '--all', '--config', file);
    expect(stdout).toMatch(/^cluster prod: healthy/);
    expect(stderr).toContain(
      'vtepwatch: looking for cluster none: there is no stack Vtepwatch-none',
    );
    expect(exit).toBe(69);
  });

  test.for([
    ['--all', 'prod'],
    ['--all', '--stack', 's'],
    ['prod', '--config', 'f'],
  ])('takes no cluster beside it: %j', async (words) => {
    expect(await run('check', ...words)).toMatchObject({ exit: 64, stdout: '' });
  });
});
