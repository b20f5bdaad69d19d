import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { carryOut, machineNamed } from '../../../lab/machines/machine.ts';
import { overFakeSsh } from './over-fake-ssh.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/** The script of docs/ssh.md, with folders of this test in place of those of a bastion. */
function recipe(folder: string, bin: string): string {
  const [, script = ''] =
    /```sh\n(.*?)```/s.exec(readFileSync(path.join(ROOT, 'docs', 'ssh.md'), 'utf8')) ?? [];
  return script
    .replaceAll('/opt/vtepwatch', ROOT)
    .replaceAll('/etc/vtepwatch', folder)
    .replaceAll('/var/lib/vtepwatch', folder)
    .replace(/^PATH=\S+/m, `PATH=${bin}:${process.env['PATH']}`);
}

describe('the cron job of docs/ssh.md', () => {
  let ssh: Awaited<ReturnType<typeof overFakeSsh>>;
  let folder = '';
  beforeAll(async () => {
    ssh = await overFakeSsh();
  });
  beforeEach(async () => {
    await ssh.reset();
    folder = path.join(ssh.bin, 'state');
    mkdirSync(folder);
    const mail = path.join(ssh.bin, 'mail');
    writeFileSync(mail, `#!/bin/sh\n{ echo "$*"; cat; } >'${folder}/mail'\n`);
    chmodSync(mail, 0o755);
    const names = ssh.machines.machines.map(({ name }) => `${name}\n`);
    writeFileSync(path.join(folder, 'hosts'), names.join(''));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await ssh?.close();
  });

  /** Runs it as cron does, with nearly no environment; its exit status. */
  async function run(): Promise<number | null> {
    const words = ['-c', recipe(folder, ssh.bin)];
    const child = spawn('sh', words, {
      env: { HOME: folder, PATH: '/usr/bin:/bin' },
      stdio: 'ignore',
    });
    return await new Promise((resolve) => child.once('close', resolve));
  }

  const mailed = (): string => readFileSync(path.join(folder, 'mail'), 'utf8');

  test('mails nothing about a healthy cluster', async () => {
    expect(await run()).toBe(0);
    expect(existsSync(path.join(folder, 'mail'))).toBe(false);
  });

  test('mails the page of an incident', async () => {
    const master1 = machineNamed(ssh.machines, 'master1');
    const others = ssh.machines.machines.filter(({ name }) => name !== 'master1');
    try {
      for (const other of others) {
        await carryOut(other, `ip neigh del ${master1.tunnelIp} dev flannel.1`);
      }
      expect(await run()).toBe(1);
    } finally {
      await Promise.all(others.map((other) => reprogram(other)));
    }
    expect(mailed()).toMatch(
      /^-s vtepwatch: 1 oncall@example\.com\n[^]*is unreachable from 5 of 5/,
    );
  });

  test('mails why a check could not take place', async () => {
    rmSync(path.join(folder, 'hosts'));
    expect(await run()).toBe(2);
    expect(mailed()).toMatch(/^-s vtepwatch: 2 [^]*reading the hosts in [^]*ENOENT/);
  });
});
