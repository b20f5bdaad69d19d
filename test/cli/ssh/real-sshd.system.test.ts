import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inflict } from '../../../lab/machines/inflict.ts';
import { carryOut, machineNamed, type Machines } from '../../../lab/machines/machine.ts';
import { makeMachines } from '../../../lab/machines/make.ts';
import { reportSchema } from '../../../shared/contract/report.ts';
import { NO_REAL_MACHINES } from '../../lab/machines/needs-root.ts';

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'vtepwatch.ts');
const SSHD = '/usr/sbin/sshd';

/** Where the packages openssh-server and sudo are not installed, this is skipped, but in CI it fails. */
const isMissing =
  NO_REAL_MACHINES ||
  (process.env['CI'] === undefined && !(existsSync(SSHD) && existsSync('/usr/bin/sudo')));

/**
 * OpenSSH's own client and server. The server runs in the network and under the name of a host, one for each
 * connection, which the client's ProxyCommand starts there: no port is opened.
 */
describe.skipIf(isMissing)('check --ssh --sudo through a real sshd on real hosts', () => {
  let machines: Machines;
  let work = '';
  beforeAll(async () => {
    machines = await makeMachines({ prefer: 'real' });
    work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-sshd-'));
    mkdirSync('/run/sshd', { recursive: true });
    for (const key of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(work, key)]);
    }
    writeFileSync(
      path.join(work, 'sshd_config'),
      [
        `HostKey ${work}/host`,
        `AuthorizedKeysFile ${work}/user.pub`,
        'PermitRootLogin prohibit-password',
        'StrictModes no',
        'UsePAM no',
        '',
      ].join('\n'),
    );
    const hostKey = readFileSync(path.join(work, 'host.pub'), 'utf8');
    const hosts = machines.machines.map((machine) => {
      const { pid } = machine.spawn(['sleep', '600']);
      const spaces = ['net', 'uts'].map((kind) => `--${kind}=/proc/${pid}/ns/${kind}`).join(' ');
      return `Host ${machine.name}\n  ProxyCommand nsenter ${spaces} -- ${SSHD} -i -f ${work}/sshd_config\n`;
    });
    const known = machines.machines.map(({ name }) => `${name} ${hostKey}`).join('');
    writeFileSync(path.join(work, 'known_hosts'), known);
    const own = `  User root\n  IdentityFile ${work}/user\n  UserKnownHostsFile ${work}/known_hosts\n`;
    writeFileSync(path.join(work, 'config'), `${hosts.join('')}Host *\n${own}`);
    writeFileSync(path.join(work, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${work}/config "$@"\n`);
    chmodSync(path.join(work, 'ssh'), 0o755);
  }, 60_000);
  afterAll(async () => {
    await machines?.close();
    rmSync(work, { recursive: true, force: true });
  });

  /** One check of all hosts, as an operator runs it. */
  const checked = (...options: readonly string[]) => {
    const targets = machines.machines.map(({ name }) => name);
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [PROGRAM, 'check', '--json', ...options, '--ssh', ...targets],
      { encoding: 'utf8', env: { ...process.env, PATH: `${work}:${process.env['PATH']}` } },
    );
    return { report: reportSchema.parse(JSON.parse(stdout)), stderr, status };
  };

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
