import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LAB_ACCOUNT, LAB_REGION } from '../../../lab/aws/account.ts';
import { type CloudFormation, startCloudFormation } from '../../../lab/aws/cloudformation.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { machineNamed } from '../../../lab/machines/machine.ts';
import { FAULTS } from '../../../lab/faults.ts';
import { readProbeDocument } from '../../../lab/probe-script.ts';
import { startWorld, type World } from '../../../lab/world.ts';
import { documentContent, leftOvers } from '../../../cli/ssm/documents.ts';
import { reportSchema } from '../../../shared/contract/report.ts';
import { type Ended, type Environment, OPERATOR, vtepwatch } from '../deployed.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'vtepwatch.ts');

let world: World;
let cloudFormation: CloudFormation;
let env: Environment;
beforeAll(async () => {
  world = await startWorld({ kubernetes: false, prefer: 'modelled', dialSeconds: 2 });
  cloudFormation = await startCloudFormation({
    'Vtepwatch-lab': { outputs: { DocumentName: 'vtepwatch-Probe' } },
  });
  env = {
    ...OPERATOR,
    AWS_ENDPOINT_URL_SSM: world.aws.ssm.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
  };
}, 120_000);
afterEach(() => world.aws.ssm.gate.open());
afterAll(async () => {
  await Promise.all([cloudFormation, world].map((part) => part?.close()));
});

const SSM = ['check', '--ssm', '--tags', 'vtepwatch=lab'] as const;

async function check(...words: readonly string[]): Promise<Ended> {
  return await vtepwatch([...SSM, ...words], env);
}

/** The SHA-256 of the script of this version, as it is in the deployed document. */
async function scriptHash(): Promise<string> {
  const text = JSON.stringify(await readProbeDocument({ packets: false }));
  const { mainSteps } = Object(JSON.parse(text));
  return createHash('sha256').update(String(mainSteps[0].inputs.runCommand[0])).digest('hex');
}

describe('check --ssm', () => {
  test('shows what is about to run as root, and runs the document of the deployed stack', async () => {
    const { exit, stdout, stderr } = await check('--yes', '--json');
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report).toMatchObject({
      cluster: 'lab',
      verdict: 'healthy',
      checked: { nodes: 6, of: 6 },
      site: { account: LAB_ACCOUNT, region: LAB_REGION },
    });
    expect(report.latencies.map(({ node }) => node)).toContain('master1');
    expect(stderr).toContain(
      'A script is about to run as root on 6 hosts with the tag vtepwatch=lab in eu-central-1.\n',
    );
    expect(stderr).toContain(`  script sha256  ${await scriptHash()}\n`);
    expect(stderr).toContain('  document       vtepwatch-Probe\n');
    expect(stderr).toContain('  first look: 6 of 6 hosts answered\n');
    expect(exit).toBe(0);
    expect(world.aws.dynamoDb.gate.calls).toEqual([]);
    expect(world.aws.sns.gate.calls).toEqual([]);
  });

  test('runs the document for people where the cluster has one', async () => {
    const stacks = await startCloudFormation({
      'Vtepwatch-lab': { outputs: { DocumentName: 'not-this-one' } },
      'VtepwatchOperators-lab': { outputs: { DocumentName: 'vtepwatch-Probe' } },
    });
    onTestFinished(() => stacks.close());
    const words = [...SSM, '--yes', '--json'];
    const { stdout, stderr } = await vtepwatch(words, {
      ...env,
      AWS_ENDPOINT_URL_CLOUDFORMATION: stacks.url,
    });
    expect(stderr).toContain('  document       vtepwatch-Probe\n');
    expect(reportSchema.parse(JSON.parse(stdout))).toMatchObject({ verdict: 'healthy' });
  });

  test('without a terminal it asks nobody, and runs nothing', async () => {
    const before = world.aws.ssm.gate.calls.length;
    const { exit, stderr } = await check();
    expect(stderr).toBe(
      'vtepwatch: check --ssm asks before a script runs as root: use a terminal, or --yes\n',
    );
    expect(exit).toBe(64);
    expect(world.aws.ssm.gate.calls).toHaveLength(before);
  });

  test('finds the lost entries, and looks again before it says so', async () => {
    await world.inflict(...FAULTS['neighbour-missing'].damage);
    onTestFinished(async () => {
      await Promise.all(world.machines.machines.map((machine) => reprogram(machine)));
    });
    const { exit, stdout } = await check('--yes', '--cluster', 'lab', '--json');
    expect(reportSchema.parse(JSON.parse(stdout)).incidents).toMatchObject([
      { cause: 'neighbour-missing', phase: 'open', key: 'lab/subject/master1' },
    ]);
    expect(exit).toBe(1);
  });
});

describe('while hosts answer, standard error shows', () => {
  test('how many are done, of how many, and each round', async () => {
    await world.inflict(...FAULTS['neighbour-missing'].damage);
    const { instanceId } = machineNamed(world.machines, 'node3');
    world.aws.ssm.behaveNode(instanceId, { kind: 'late', milliseconds: 12_000 });
    onTestFinished(async () => {
      world.aws.ssm.behaveNode(instanceId, { kind: 'online' });
      await Promise.all(world.machines.machines.map((machine) => reprogram(machine)));
    });
    const { stderr } = await check('--yes');
    expect(stderr).toMatch(/\n {2}for \d+ s; first look: [1-5] of 6 hosts are done\n/);
    expect(stderr).toMatch(
      /\n {2}first look: 6 of 6 hosts answered\n[^]*\n {2}second look: 6 of 6 hosts answered\n/,
    );
  });
});

describe('a temporary document', () => {
  test('is made for the check and deleted after it; one of an earlier check is named', async () => {
    const { stderr: first } = await withLeftOver();
    const { stdout, stderr } = await check('--temporary-document', '--yes');
    expect(stdout).toContain('6 of 6 nodes checked');
    expect(stderr).toMatch(
      /there is a temporary document; if no other check is running, delete it: aws ssm delete-document --region eu-central-1 --name vtepwatch-temporary-[0-9a-f]{16}\n/,
    );
    expect(first).toContain('deleting the document vtepwatch-temporary-');
    expect(world.aws.ssm.documents()).toHaveLength(2);
  });

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is deleted where %s ends the check', async ([signal, status]) => {
    const before = world.aws.ssm.documents();
    const words = [PROGRAM, ...SSM, '--temporary-document', '--yes'];
    const child = spawn(process.execPath, words, {
      env: { ...env, PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString();
      if (/^asking 6 hosts through Systems Manager/m.test(stderr)) child.kill(signal);
    });
    const exit = await new Promise((resolve) => child.once('exit', resolve));
    expect(exit).toBe(status);
    expect(world.aws.ssm.documents()).toEqual(before);
  });
});

test('temporary documents that were left are named, however many pages of them there are', async () => {
  const before = world.aws.ssm.documents().length;
  const client = new SSMClient({
    endpoint: world.aws.ssm.url,
    region: LAB_REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => client.destroy());
  for (let at = 0; at < 60; at++) {
    await client.send(
      new CreateDocumentCommand({
        Name: `vtepwatch-temporary-${at}`,
        Content: documentContent(false),
        DocumentType: 'Command',
        DocumentFormat: 'JSON',
        Tags: [{ Key: 'vtepwatch', Value: 'temporary' }],
      }),
    );
  }
  expect(new Set(await leftOvers(client)).size).toBe(60 + before - 1);
});

/** A check whose document could not be deleted. */
async function withLeftOver(): Promise<Ended> {
  const error = { type: 'AccessDeniedException', message: 'not allowed', status: 400 };
  world.aws.ssm.gate.fail({ operation: 'DeleteDocument', fault: { kind: 'refused', error } });
  const ended = await check('--temporary-document', '--yes');
  world.aws.ssm.gate.open();
  return ended;
}

describe('check --ssm that cannot take place', () => {
  test.for([
    ['no host has the tag', ['--tags', 'vtepwatch=none'], 69, 'no managed node has these tags'],
    ['there is no such document', ['--document', 'nothing'], 69, 'there is none of this name'],
    ['there is no stack', ['--cluster', 'other'], 69, 'there is no stack Vtepwatch-other'],
    ['two documents', ['--document', 'a', '--temporary-document'], 64, 'not both'],
  ] as const)('%s', async ([, words, status, sentence]) => {
    const { exit, stdout, stderr } = await check(...words, '--yes');
    expect(stderr).toContain(sentence);
    expect(stdout).toBe('');
    expect(exit).toBe(status);
  });

  test.for([
    [
      'SendCommand',
      'not authorized to perform: ssm:SendCommand on resource: arn:aws:ssm:::document/vtepwatch-Probe',
      'sending the command to the hosts: these AWS credentials may not do that: use others, or have ssm:SendCommand on the document vtepwatch-Probe and on the hosts with the tag vtepwatch=lab allowed (AccessDeniedException: not authorized',
    ],
    [
      'ListCommandInvocations',
      'not authorized to perform: ssm:ListCommandInvocations',
      'may not read what it returned: they need ssm:ListCommands, ssm:ListCommandInvocations and ssm:GetCommandInvocation',
    ],
  ] as const)('the operator may not do %s', async ([operation, message, sentence]) => {
    const error = { type: 'AccessDeniedException', message, status: 400 };
    world.aws.ssm.gate.fail({ operation, fault: { kind: 'refused', error } });
    const { exit, stdout, stderr } = await check('--yes');
    expect(stderr).toContain(sentence);
    expect(stdout).toBe('');
    expect(exit).toBe(77);
  });

  test('the credentials expire before the command is sent; no temporary document is left', async () => {
    const documents = world.aws.ssm.documents();
    const message = 'The security token included in the request is expired';
    const error = { type: 'ExpiredTokenException', message, status: 400 };
    world.aws.ssm.gate.fail({ operation: 'SendCommand', fault: { kind: 'refused', error } });
    const { exit, stderr } = await check('--yes', '--temporary-document');
    expect(stderr).toContain('the AWS credentials have expired: log in again');
    expect(exit).toBe(77);
    expect(world.aws.ssm.documents()).toEqual(documents);
  });

  test('there are no credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = env;
    const { exit, stderr } = await vtepwatch([...SSM, '--yes'], others);
    expect(stderr).toContain('no AWS credentials were found: log in, or set AWS_PROFILE');
    expect(exit).toBe(77);
  });

  test('the operator may not list managed nodes', async () => {
    const error = { type: 'AccessDeniedException', message: 'User is not authorized', status: 400 };
    const operation = 'DescribeInstanceInformation';
    world.aws.ssm.gate.fail({ operation, fault: { kind: 'refused', error } });
    const { exit, stderr } = await check('--yes');
    expect(stderr).toContain('these AWS credentials may not do that');
    expect(exit).toBe(77);
  });
});

describe('capture --ssm', () => {
  test('saves what replay judges, in the cluster as it is, and leaves no document', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'vtepwatch-capture-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const before = world.aws.ssm.documents();
    await world.inflict(...FAULTS['neighbour-missing'].damage);
    const target = path.join(directory, 'lab');
    const words = ['capture', target, '--ssm', '--tags', 'vtepwatch=lab', '--yes'];
    const { exit, stdout, stderr } = await vtepwatch(words, env);
    await Promise.all(world.machines.machines.map((machine) => reprogram(machine)));
    expect([stdout, exit]).toEqual([`6 hosts captured in ${target}\n`, 0]);
    expect(stderr).toContain('  document       two, made for this capture, and deleted after it\n');
    expect(stderr).toContain('  script sha256  ');
    expect(world.aws.ssm.documents()).toEqual(before);
    const replayed = await vtepwatch(['replay', target, '--json'], env);
    expect(reportSchema.parse(JSON.parse(replayed.stdout))).toMatchObject({
      verdict: 'incident',
      checked: { nodes: 6, of: 6 },
      incidents: [{ cause: 'neighbour-missing', subject: 'master1' }],
    });
  });

  test('asks before a script runs as root, and needs tags', async () => {
    const words = ['capture', '/nowhere/new', '--ssm'];
    expect(await vtepwatch(words, env)).toMatchObject({
      exit: 64,
      stderr: expect.stringContaining('capture --ssm needs --tags KEY=VALUE'),
    });
    expect(await vtepwatch([...words, '--tags', 'vtepwatch=lab'], env)).toMatchObject({
      exit: 64,
      stderr: expect.stringContaining('asks before a script runs as root'),
    });
  });
});
