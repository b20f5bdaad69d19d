import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { machineNamed } from '../../../lab/machines/machine.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { carryOut } from '../../../lab/machines/machine.ts';
import { reportSchema } from '../../../shared/contract/report.ts';
import { overFakeSsh } from './over-fake-ssh.ts';

let ssh: Awaited<ReturnType<typeof overFakeSsh>>;
beforeAll(async () => {
  ssh = await overFakeSsh();
});
beforeEach(async () => {
  await ssh.reset();
});
afterAll(async () => {
  await ssh?.close();
});

const EVERYBODY = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'];
const TARGETS = EVERYBODY.map((name) => `root@${name}`);

describe('a check over ssh', () => {
  test('of a healthy cluster has its node list from the masters, and nothing but the result on standard output', async () => {
    const { exit, stdout, stderr } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS, '--json']);
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
    for (const call of ssh.calls()) {
      expect(call).toMatch(/^-T -a -x -o BatchMode=yes .* -- root@\w+ sh -s$/);
    }
  });

  test('with sudo runs the script through it, and takes hosts of a file', async () => {
    const file = path.join(ssh.bin, 'hosts');
    writeFileSync(file, `# the cluster\n${EVERYBODY.join('\n')} # the last\n\n`);
    const { exit, stdout } = await ssh.vtepwatch([
      'check',
      '--ssh-hosts',
      file,
      '--sudo',
      '--cluster',
      'prod',
    ]);
    expect(stdout).toMatch(/^cluster prod: healthy; .*6 of 6 nodes checked/);
    expect(exit).toBe(0);
    expect(ssh.calls().every((call) => call.endsWith(' sudo -n sh -s'))).toBe(true);
  });

  test('finds the lost entry, and looks again before it says so', async () => {
    const master1 = machineNamed(ssh.machines, 'master1');
    const others = ssh.machines.machines.filter(({ name }) => name !== 'master1');
    try {
      for (const other of others) {
        await carryOut(other, `ip neigh del ${master1.tunnelIp} dev flannel.1`);
      }
      const { exit, stdout } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS, '--json']);
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
    ssh.does('node1', 'echo "root@node1: Permission denied (publickey)." >&2; exit 255');
    ssh.does('node2', `printf 'hello \\033]0;owned\\007\\n'; exit 0`);
    ssh.does('node3', 'yes vtepwatch; exit 0');
    const { stdout, stderr, exit } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS]);
    expect(stderr).toContain('root@node1: ssh failed: root@node1: Permission denied (publickey).');
    expect(stderr).toContain('root@node3: it sent more than 256 KiB');
    expect(stdout).toContain('3 of 6 nodes checked');
    expect(stdout).toContain('node2: the answer does not begin with');
    expect(stdout + stderr).toMatch(/^[\n -~·]*$/);
    expect(exit).toBe(0);
  });

  test('has the reason beside the node, and says which nodes it did not ask', async () => {
    ssh.does('node1', 'echo "Host key verification failed." >&2; exit 255');
    const targets = ['root@master1', 'root@node1', 'root@node2', 'root@node3'];
    const { stdout, stderr } = await ssh.vtepwatch(['check', '--ssh', ...targets]);
    expect(stdout).toContain(
      'not checked: master2 (none of the hosts that answered is it), master3 (none of the hosts that answered is it), node1 (ssh failed: Host key verification failed.)',
    );
    expect(stderr).toContain('first make ssh HOST, and sudo -n true there with --sudo, work');
  });

  test('shows how many hosts are done while it waits', async () => {
    ssh.does('node1', 'sleep 12');
    const { stderr } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS]);
    expect(stderr).toMatch(/\n {2}for \d+ s; first look: [1-5] of 6 hosts are done\n/);
    expect(stderr).toContain('  first look: 6 of 6 hosts answered\n');
  });

  test('says what it lacks without the list of a master', async () => {
    const { stdout } = await ssh.vtepwatch(['check', '--ssh', 'node1', 'node2', 'node3']);
    expect(stdout).toContain('node list: no host reported it');
    expect(stdout).toContain('over ssh log in as root or add --sudo');
  });

  test.for([
    ['is not there', 'No route to host', 69],
    ['refuses', 'Permission denied (publickey).', 77],
  ] as const)('has an exit status of its own where every host %s', async ([, reason, status]) => {
    for (const name of EVERYBODY) ssh.does(name, `echo "${reason}" >&2; exit 255`);
    const { exit, stdout } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS]);
    expect(stdout).toContain('cluster ssh: could not judge');
    expect(exit).toBe(status);
  });

  test('ends the connection to a host that hangs', async () => {
    ssh.does('node1', `echo $$ >"$here/hanging"; exec sleep 600`);
    const { stdout, stderr } = await ssh.vtepwatch([
      'check',
      '--ssh',
      'master1',
      'node1',
      'node2',
      'node3',
    ]);
    expect(stderr).toContain('node1: no answer within 25 s');
    expect(stdout).toContain('node1');
    const pid = Number(readFileSync(path.join(ssh.bin, 'hanging'), 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('reports two targets that are one machine', async () => {
    ssh.alias('node1', 'alias');
    const { stdout } = await ssh.vtepwatch(['check', '--ssh', ...TARGETS, 'alias', '--json']);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.problems).toContainEqual({
      where: 'root@node1',
      message: 'these targets are one machine, which counts once: root@node1, alias',
    });
    expect(report).toMatchObject({ verdict: 'healthy', checked: { nodes: 6 } });
  });

  test('gives no target to ssh that begins with a dash', async () => {
    const { exit, stderr } = await ssh.vtepwatch(['check', '--ssh=-oProxyCommand=id', 'node1']);
    expect(stderr).toMatch(/^vtepwatch: --ssh: "-oProxyCommand=id" is no host/);
    expect(exit).toBe(64);
    expect(ssh.calls()).toEqual([]);
  });
});
