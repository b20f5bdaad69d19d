import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startControlPlane } from '../../../lab/control-plane/start.ts';
import { machineNamed, type Machines } from '../../../lab/machines/machine.ts';
import { makeMachines } from '../../../lab/machines/make.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { carryOut } from '../../../lab/machines/machine.ts';
import { reportSchema } from '../../../shared/contract/report.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/**
 * A program named `ssh` stands in for OpenSSH: it takes the words that vtepwatch gives it, and runs the remote
 * command in a shell of a modelled host. What a host does instead stands in a file with its name.
 */
const SSH = `#!/bin/sh
here=\${0%/*}
printf '%s\\n' "$*" >>"$here/calls"
while [ "$1" != -- ]; do shift; done
target=$2 remote=$3 host=\${2#*@}
if [ -f "$here/$host.does" ]; then . "$here/$host.does"; fi
. "$here/$host.env"
exec sh -c "$remote"
`;

const SUDO = `#!/bin/sh
[ "$1" = -n ] || exit 3
shift
exec "$@"
`;

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let machines: Machines;
let close: () => Promise<void>;
let bin = '';
beforeAll(async () => {
  machines = await makeMachines({ prefer: 'modelled' });
  const controlPlane = await startControlPlane(machines, { discovery: 'aggregated' });
  close = async () => {
    await controlPlane.close();
    await machines.close();
  };
});
afterAll(async () => {
  await close?.();
});

beforeEach(async () => {
  bin = mkdtempSync(path.join(tmpdir(), 'vtepwatch-ssh-'));
  program('ssh', SSH);
  program('sudo', SUDO);
  for (const machine of machines.machines) {
    const { stdout } = await machine.run(['sh', '-c', 'export -p']);
    writeFileSync(path.join(bin, `${machine.name}.env`), `${stdout}PATH=$PATH:${bin}\n`);
  }
});
afterEach(() => {
  rmSync(bin, { recursive: true, force: true });
});

function program(name: string, text: string): void {
  writeFileSync(path.join(bin, name), text);
  chmodSync(path.join(bin, name), 0o755);
}

/** What a host does when ssh reaches it, as lines for sh. */
function does(host: string, script: string): void {
  writeFileSync(path.join(bin, `${host}.does`), `${script}\n`);
}

function calls(): readonly string[] {
  const file = path.join(bin, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

async function check(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli/vtepwatch.ts'), 'check', ...words], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exit, stdout, stderr };
}

const EVERYBODY = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'];
const TARGETS = EVERYBODY.map((name) => `root@${name}`);

describe('a check over ssh', () => {
  test('of a healthy cluster has its node list from the masters, and nothing but the result on standard output', async () => {
    const { exit, stdout, stderr } = await check(['--ssh', ...TARGETS, '--json']);
    const report = reportSchema.parse(JSON.parse(stdout));
    // No flanneld runs in the lab.
    expect(report.problems.map(({ where }) => where)).toEqual(['flannel']);
    expect(report).toMatchObject({
      cluster: 'ssh',
      verdict: 'healthy',
      checked: { nodes: 6, of: 6 },
    });
    expect(report.latencies.map(({ node }) => node)).toContain('master1');
    expect(stderr).toMatch(/^asking 6 hosts over ssh \.\.\.\n/);
    expect(exit).toBe(0);
    for (const call of calls()) {
      expect(call).toMatch(/^-T -a -x -o BatchMode=yes .* -- root@\w+ sh -s$/);
    }
  });

  test('with sudo runs the script through it, and takes hosts of a file', async () => {
    const file = path.join(bin, 'hosts');
    writeFileSync(file, `# the cluster\n${EVERYBODY.join('\n')} # the last\n\n`);
    const { exit, stdout } = await check(['--ssh-hosts', file, '--sudo', '--cluster', 'prod']);
    expect(stdout).toMatch(/^cluster prod: healthy; .*6 of 6 nodes checked/);
    expect(exit).toBe(0);
    expect(calls().every((call) => call.endsWith(' sudo -n sh -s'))).toBe(true);
  });

  test('finds the lost entry, and looks again before it says so', async () => {
    const master1 = machineNamed(machines, 'master1');
    const others = machines.machines.filter(({ name }) => name !== 'master1');
    try {
      for (const other of others) {
        await carryOut(other, `ip neigh del ${master1.tunnelIp} dev flannel.1`);
      }
      const { exit, stdout } = await check(['--ssh', ...TARGETS, '--json']);
      const report = reportSchema.parse(JSON.parse(stdout));
      expect(report.incidents).toMatchObject([
        { cause: 'neighbour-missing', phase: 'open', key: 'ssh/subject/master1' },
      ]);
      expect(exit).toBe(1);
    } finally {
      await Promise.all(others.map((other) => reprogram(other)));
    }
  });

  test('has a reason for each host that does not answer, and goes on with the others', async () => {
    does('node1', 'echo "root@node1: Permission denied (publickey)." >&2; exit 255');
    does('node2', `printf 'hello \\033]0;owned\\007\\n'; exit 0`);
    does('node3', 'yes vtepwatch; exit 0');
    const { stdout, stderr, exit } = await check(['--ssh', ...TARGETS]);
    expect(stderr).toContain('root@node1: ssh failed: root@node1: Permission denied (publickey).');
    expect(stderr).toContain('root@node3: it sent more than 256 KiB');
    expect(stdout).toContain('3 of 6 nodes checked');
    expect(stdout).toContain('root@node2: ');
    expect(stdout + stderr).toMatch(/^[\n -~·]*$/);
    expect(exit).toBe(0);
  });

  test('ends the connection to a host that hangs', async () => {
    does('node1', `echo $$ >"$here/hanging"; exec sleep 600`);
    const { stdout, stderr } = await check(['--ssh', 'master1', 'node1', 'node2', 'node3']);
    expect(stderr).toContain('node1: no answer within 25 s');
    expect(stdout).toContain('node1');
    const pid = Number(readFileSync(path.join(bin, 'hanging'), 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('reports two targets that are one machine', async () => {
    writeFileSync(path.join(bin, 'alias.env'), readFileSync(path.join(bin, 'node1.env')));
    const { stdout } = await check(['--ssh', ...TARGETS, 'alias', '--json']);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.problems).toContainEqual({
      where: 'node1',
      message: 'these targets are one machine: root@node1, alias',
    });
    expect(report).toMatchObject({ verdict: 'healthy', checked: { nodes: 6 } });
  });

  test('gives no target to ssh that begins with a dash', async () => {
    const { exit, stderr } = await check(['--ssh=-oProxyCommand=id', 'node1']);
    expect(stderr).toMatch(/^vtepwatch: --ssh: "-oProxyCommand=id" is no host/);
    expect(exit).toBe(2);
    expect(calls()).toEqual([]);
  });
});
