import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inflict } from '../../../lab/machines/inflict.ts';
import { carryOut, machineNamed, type Machines } from '../../../lab/machines/machine.ts';
import { reportSchema } from '../../../shared/contract/report.ts';
import { NO_REAL_SSHD, overRealSshd } from './over-real-sshd.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'vtepwatch.ts');

describe.skipIf(NO_REAL_SSHD)('check --ssh through a real sshd on real hosts', () => {
  let ssh: Awaited<ReturnType<typeof overRealSshd>>;
  let machines: Machines;
  let work = '';
  beforeAll(async () => {
    ssh = await overRealSshd();
    ({ machines, work } = ssh);
  }, 60_000);
  afterAll(async () => {
    await ssh?.close();
  });

  /** A check of these hosts, as an operator runs it. */
  const check = (...words: readonly string[]) => {
    const ended = spawnSync(process.execPath, [PROGRAM, 'check', '--json', ...words], {
      encoding: 'utf8',
      env: ssh.env,
    });
    const { stdout, stderr, status } = ended;
    return { report: reportSchema.parse(JSON.parse(stdout)), stderr, status };
  };

  const everybody = (): readonly string[] => machines.machines.map(({ name }) => name);
  const checked = (...options: readonly string[]) => check(...options, '--ssh', ...everybody());

  test('is healthy where packets come back, and sends none with --no-packets', () => {
    const { report, status } = checked();
    expect(report.packets).toMatchObject({ ways: 18, lost: 0 });
    expect([report.verdict, status]).toEqual(['healthy', 0]);
    expect(checked('--no-packets').report.packets).toBeUndefined();
  });

  test('calls no cluster healthy where nothing comes back from a node, and says what shows why', async () => {
    await inflict(machines, [
      { kind: 'packets-dropped', on: ['node2'], direction: 'in', which: 'all' },
    ]);
    const { report, status } = checked();
    await inflict(machines, [{ kind: 'packets-passed', on: ['node2'] }]);
    expect([report.verdict, status]).toEqual(['unjudged', 2]);
    expect(report.problems.map(({ message }) => message).join('\n')).toMatch(
      /no packet from node2 over the overlay was answered, nor one to it: .* while another node runs "ping 10\.68\.4\.0"/,
    );
  });

  test('has a reason for a password alone, for nobody there, and for two targets of one machine', () => {
    const targets = ['master1', 'password-master2', 'down', 'node1', '0-node1', 'node2'];
    const { report, status } = check('--no-packets', '--ssh', ...targets);
    const problems = new Map(report.problems.map(({ where, message }) => [where, message]));
    expect(problems.get('password-master2')).toMatch(/^ssh failed: .*Permission denied \(password/);
    expect(problems.get('down')).toMatch(/^ssh failed: .*Connection refused/);
    expect(problems.get('node1')).toContain('these targets are one machine');
    expect([report.checked?.nodes, status]).toEqual([3, 0]);
  });

  test('has at most 30 connections at a time to 60 targets', () => {
    writeFileSync(path.join(work, 'calls'), '');
    const targets = everybody().flatMap((name) =>
      Array.from({ length: 10 }, (_, at) => `${at}-${name}`),
    );
    const { report, status } = check('--no-packets', '--ssh', ...targets);
    expect([report.checked?.nodes, status]).toEqual([6, 0]);
    let open = 0;
    let most = 0;
    for (const line of readFileSync(path.join(work, 'calls'), 'utf8')) {
      if (line === '\n') continue;
      open += line === '+' ? 1 : -1;
      most = Math.max(most, open);
    }
    expect(most).toBeGreaterThan(6);
    expect(most).toBeLessThanOrEqual(30);
  });

  test('leaves nothing running on a host after Ctrl-C', async () => {
    const before = ssh.processes();
    const words = [PROGRAM, 'check', '--sudo', '--ssh', ...everybody()];
    // A terminal sends it to all of the job.
    const child = spawn(process.execPath, words, { env: ssh.env, stdio: 'ignore', detached: true });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await vi.waitUntil(() => ssh.processes().length > before.length, { timeout: 30_000 });
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await ended).toBe('SIGINT');
    await vi.waitUntil(() => ssh.processes().every((pid) => before.includes(pid)), {
      timeout: 60_000,
    });
  }, 120_000);

  test('names the lost entry, and refuses a host whose key is another', async () => {
    const master1 = machineNamed(machines, 'master1');
    const others = machines.machines.filter(({ name }) => name !== 'master1');
    for (const other of others) {
      await carryOut(other, `ip neigh del ${master1.tunnelIp} dev flannel.1`);
    }
    const known = readFileSync(path.join(work, 'known_hosts'), 'utf8');
    writeFileSync(path.join(work, 'known_hosts'), known.replace(/^node3 .*\n/m, ''));
    const { report, stderr, status } = checked('--sudo');
    expect(report.incidents).toMatchObject([
      { cause: 'neighbour-missing', key: 'ssh/subject/master1', missingPeers: 4 },
    ]);
    expect(stderr).toContain('node3: ssh failed: Host key verification failed.');
    expect(status).toBe(1);
  });
});
