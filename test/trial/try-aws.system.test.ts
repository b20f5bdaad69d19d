import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { readClusters } from '../../infra/clusters.ts';
import { LAB_ACCOUNT } from '../../lab/aws/account.ts';
import { STEPS } from '../../trial/steps.ts';
import { type Account, INSTANCES, startAccount, VTEPWATCH } from './account.ts';
import { beginTrial, CDK, PROGRAM, trial } from './running.ts';

const bundle = mkdtempSync(path.join(tmpdir(), 'vtepwatch-trial-'));
beforeAll(() => bundleFunction(bundle), 120_000);
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

async function account(): Promise<Account> {
  const started = await startAccount(bundle);
  onTestFinished(() => started.close());
  return started;
}

/** Of util-linux: it runs a program on a terminal of its own. */
const SCRIPT = '/usr/bin/script';

/** Of the same name. */
const OF_ANOTHER_TRIAL = {
  outputs: {},
  tags: { 'vtepwatch-trial': 'try', 'vtepwatch-trial-run': 'another' },
};

/** A trial on a terminal, where a person gives the answer when the trial asks whether to begin. */
async function onTerminal(
  { env }: Account,
  answer: () => string,
): Promise<{ readonly exit: number | null; readonly shown: string }> {
  const command = `'${process.execPath}' '${PROGRAM}' --cdk '${CDK}' --evidence '${bundle}/evidence.json'`;
  const child = spawn(SCRIPT, ['-qec', command, '/dev/null'], {
    env: { ...env, PATH: process.env['PATH'] ?? '', HOME: bundle },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  let hasAnswered = false;
  child.stdout.on('data', (part: Buffer) => {
    shown += part.toString();
    if (hasAnswered || !shown.includes('Begin? [y/N]')) return;
    hasAnswered = true;
    child.stdin.end(`${answer()}\r`);
  });
  await once(child, 'close');
  return { exit: child.exitCode, shown };
}

const LONG = { timeout: 240_000 };

describe('a trial', LONG, () => {
  test('breaks k3s, has the page, runs the fix of the report, has RESOLVED, and leaves nothing', async () => {
    const there = await account();
    const { exit, stdout, stderr, evidence } = await trial(there);
    expect(stderr).toContain(`about to begin in account ${LAB_ACCOUNT}, Region eu-central-1.\n`);
    expect(evidence).toMatchObject({
      format: 'vtepwatch-trial/1',
      outcome: 'passed',
      region: 'eu-central-1',
      vtepwatch: expect.stringMatching(/^vtepwatch \d/),
      healthy: { verdict: 'healthy', checked: { nodes: 6, of: 6 } },
      fault: {
        victim: 'node3',
        tunnelIp: '10.68.5.0',
        commands: [
          'ip neigh show 10.68.5.0 dev flannel.1',
          'ip neigh del 10.68.5.0 dev flannel.1',
          'ip neigh show 10.68.5.0 dev flannel.1',
        ],
      },
      page: {
        kind: 'opened',
        key: 'try/subject/node3',
        subject: '[CRITICAL] try: node3 unreachable from 5 of 5 nodes (neighbour-missing)',
      },
      incident: { incidents: [{ subject: 'node3', cause: 'neighbour-missing', phase: 'open' }] },
      resolved: { kind: 'resolved', key: 'try/subject/node3' },
      afterwards: { verdict: 'healthy' },
      steps: Object.keys(STEPS).map((step) => ({ step, outcome: 'done' })),
    });
    expect(evidence?.fault?.peers.map(({ host, output }) => [host, output])).toEqual(
      there.world.machines.machines
        .filter(({ name }) => name !== 'node3')
        .map(({ instanceId }) => [instanceId, ['10.68.5.0 lladdr 5a:0e:71:c4:19:d6 PERMANENT ']]),
    );
    expect(evidence?.fix?.map(({ commands, hosts }) => [commands, hosts.length])).toEqual([
      [evidence?.incident?.incidents[0]?.fix[0]?.commands, 5],
    ]);
    expect(JSON.stringify(evidence)).not.toMatch(/(?<!\d)\d{12}(?!\d)/);
    expect(stdout).toMatch(/^trial: passed\n {2}\d+ s after the fault: \[CRITICAL\] try: node3 /);
    expect(exit).toBe(0);
    expect(there.cloudFormation.standing()).toEqual([]);
    expect(there.world.aws.dynamoDb.gate.count('DeleteTable')).toBe(1);
  });

  test('deploys vtepwatch by a file of settings that select its instances', async () => {
    const there = await account();
    there.failing.set(VTEPWATCH, 'no more is needed');
    await trial(there);
    const settings: unknown = JSON.parse(there.deployed.get(VTEPWATCH) ?? '');
    expect(readClusters(Object(settings).clusters)).toMatchObject([
      { name: 'try', tags: { vtepwatch: 'try' }, scheduleMinutes: 1, region: 'eu-central-1' },
    ]);
    expect(JSON.parse(there.deployed.get(INSTANCES) ?? '')).toEqual({
      name: 'try',
      instanceType: 't4g.small',
      k3s: 'v1.36.0+k3s1',
      lifeMinutes: 180,
    });
  });
});

test('a trial destroys no stack of another trial that has the same name', LONG, async () => {
  const there = await account();
  there.failing.set(VTEPWATCH, 'enough');
  const { evidence } = await trial(there, [], {
    at: STEPS.vtepwatch.title,
    act: () => there.cloudFormation.deploy(INSTANCES, OF_ANOTHER_TRIAL),
  });
  expect(evidence?.steps.at(-1)).toMatchObject({ step: 'destroy', outcome: 'done' });
  expect(there.cloudFormation.standing()).toEqual([INSTANCES]);
});

describe('a trial that a person ends', LONG, () => {
  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends the CDK, destroys, and says so', async ([signal, status]) => {
    const there = await account();
    there.failing.set(VTEPWATCH, 'hangs');
    const { exit, evidence } = await trial(there, [], {
      at: STEPS.vtepwatch.title,
      // npm hands on what the terminal has sent already.
      act: (child) => [child.kill(signal), setTimeout(() => child.kill(signal), 5)],
    });
    expect(evidence).toMatchObject({
      outcome: 'interrupted',
      failed: { step: 'vtepwatch', error: `ended by ${signal}` },
    });
    expect(exit).toBe(status);
    expect(there.cloudFormation.standing()).toEqual([]);
  });

  test('by closing its pipe, as of tee, and Ctrl-C destroys all the same', async () => {
    const there = await account();
    there.failing.set(VTEPWATCH, 'hangs');
    const { exit, evidence } = await trial(there, [], {
      at: STEPS.vtepwatch.title,
      act: (child) => [child.stdout?.destroy(), child.stderr?.destroy(), child.kill('SIGINT')],
    });
    expect(evidence).toMatchObject({ outcome: 'interrupted' });
    expect([exit, there.cloudFormation.standing()]).toEqual([130, []]);
  });

  test('by closing its terminal destroys all the same', async ({ skip }) => {
    if (!existsSync(SCRIPT) && process.env['CI'] === undefined) skip('script is not installed');
    const there = await account();
    there.failing.set(VTEPWATCH, 'hangs');
    const file = path.join(bundle, 'closed-terminal.json');
    const command = `'${process.execPath}' '${PROGRAM}' --yes --cdk '${CDK}' --evidence '${file}'`;
    const terminal = spawn(SCRIPT, ['-qec', command, '/dev/null'], {
      env: { ...there.env, PATH: process.env['PATH'] ?? '', HOME: bundle },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    terminal.stdout.on('data', (part: Buffer) => {
      shown += part.toString();
      if (shown.includes(STEPS.vtepwatch.title)) terminal.kill('SIGKILL');
    });
    await vi.waitUntil(() => existsSync(file), { timeout: 60_000, interval: 100 });
    expect(there.cloudFormation.standing()).toEqual([]);
  });

  test('a second time ends it at once, with the commands that remove what is there', async () => {
    const there = await account();
    there.failing.set(VTEPWATCH, 'hangs');
    there.cloudFormation.gate.fail({ operation: 'DeleteStack', fault: { kind: 'stalled' } });
    const { exit, stderr } = await trial(there, [], {
      at: STEPS.vtepwatch.title,
      act: (child) => [child.kill('SIGINT'), setTimeout(() => child.kill('SIGINT'), 3000)],
    });
    expect(stderr).toContain(
      `  aws cloudformation delete-stack --region eu-central-1 --stack-name ${INSTANCES}\n`,
    );
    expect(exit).toBe(130);
  });
});

describe('a trial does not begin', LONG, () => {
  test('where the CDK is not bootstrapped, and says how that is done', async () => {
    const there = await account();
    there.world.aws.ssm.gate.fail({
      operation: 'GetParameter',
      fault: {
        kind: 'refused',
        error: { type: 'ParameterNotFound', message: '', status: 400 },
      },
    });
    const { exit, stderr, evidence } = await trial(there);
    expect(stderr).toContain('run AWS_REGION=eu-central-1 npx cdk bootstrap, once');
    expect([exit, evidence, there.deployed.size]).toEqual([69, undefined, 0]);
  });

  test('without a terminal and --yes', async () => {
    const { exit, stderr } = await beginTrial({}, []).ended;
    expect(stderr).toContain('try:aws asks before it makes or deletes anything');
    expect(exit).toBe(64);
  });

  test('on a terminal where the answer is not yes', async ({ skip }) => {
    if (!existsSync(SCRIPT) && process.env['CI'] === undefined) skip('script is not installed');
    const there = await account();
    const { exit, shown } = await onTerminal(there, () => 'n');
    expect(shown).toContain('it costs    about 0.072 USD an hour');
    expect(shown).toContain('nothing was made: the answer was not yes');
    expect([exit, there.deployed.size]).toEqual([64, 0]);
  });

  test('where another trial has begun while a person read the plan', async ({ skip }) => {
    if (!existsSync(SCRIPT) && process.env['CI'] === undefined) skip('script is not installed');
    const there = await account();
    const { exit, shown } = await onTerminal(there, () => {
      there.cloudFormation.deploy(INSTANCES, OF_ANOTHER_TRIAL);
      return 'y';
    });
    expect(shown).toContain(`there is ${INSTANCES} already`);
    expect([exit, there.deployed.size]).toEqual([2, 0]);
    expect(there.cloudFormation.standing()).toEqual([INSTANCES]);
  });

  test('where there is something of another one, which --destroy removes', async () => {
    const there = await account();
    there.cloudFormation.deploy(INSTANCES, OF_ANOTHER_TRIAL);
    const refused = await trial(there);
    expect(refused.stderr).toContain(`there is ${INSTANCES} already: npm run try:aws -- --destroy`);
    expect((await trial(there, ['--destroy'])).exit).toBe(0);
    expect(there.cloudFormation.standing()).toEqual([]);
  });
});

test('--destroy leaves a stack of yours that has the name of a trial', LONG, async () => {
  const there = await account();
  there.cloudFormation.deploy(VTEPWATCH, { outputs: {} });
  const { exit, stderr } = await trial(there, ['--destroy']);
  expect(stderr).toContain(`the stack ${VTEPWATCH} has no tag of this trial`);
  expect(exit).toBe(2);
  expect(there.cloudFormation.standing()).toEqual([VTEPWATCH]);
});

describe('--destroy deletes the table', LONG, () => {
  const tags = { 'vtepwatch-trial': 'try' };

  test('of a stack that is gone, where another one could not be deleted', async () => {
    const there = await account();
    const resources = [
      { type: 'AWS::DynamoDB::GlobalTable', id: there.world.aws.dynamoDb.tableName },
    ];
    const undeletable = 'a network interface is in use';
    there.cloudFormation.deploy(INSTANCES, { outputs: {}, tags, undeletable });
    there.cloudFormation.deploy(VTEPWATCH, { outputs: {}, tags, resources });
    const { exit, stderr } = await trial(there, ['--destroy']);
    expect(stderr).toContain(
      `what is left is removed by:\n  aws cloudformation delete-stack --region eu-central-1 --stack-name ${INSTANCES}\n`,
    );
    expect(stderr).not.toContain('aws dynamodb');
    expect([exit, there.cloudFormation.standing()]).toEqual([2, [INSTANCES]]);
    expect(there.world.aws.dynamoDb.gate.count('DeleteTable')).toBe(1);
  });

  test('once more, where that was refused and its stack is gone', async () => {
    const there = await account();
    const { gate, tableName } = there.world.aws.dynamoDb;
    const resources = [{ type: 'AWS::DynamoDB::GlobalTable', id: tableName }];
    there.cloudFormation.deploy(VTEPWATCH, { outputs: {}, tags, resources });
    const error = { type: 'AccessDeniedException', message: 'not yours', status: 400 };
    gate.fail({ operation: 'UpdateTable', fault: { kind: 'refused', error } });
    const refused = await trial(there, ['--destroy']);
    expect(refused.stderr).toContain(
      `  aws dynamodb delete-table --region eu-central-1 --table-name ${tableName}\n`,
    );
    gate.open();
    const { exit, stderr } = await trial(there, ['--destroy']);
    expect(stderr).toContain(
      `About to delete in account ${LAB_ACCOUNT}, Region eu-central-1: ${tableName}\n`,
    );
    expect([exit, gate.count('DeleteTable')]).toEqual([0, 1]);
    const { stderr: last } = await trial(there, ['--destroy']);
    expect(last).toContain('has nothing of the trial try in eu-central-1');
  });
});
