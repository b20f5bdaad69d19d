import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Machines } from '../../../lab/machines/machine.ts';
import { makeMachines } from '../../../lab/machines/make.ts';
import { NO_REAL_MACHINES } from '../../lab/machines/needs-root.ts';

const SSHD = '/usr/sbin/sshd';

/** Where the packages openssh-server and sudo are not installed, tests are skipped, but in CI they fail. */
export const NO_REAL_SSHD =
  NO_REAL_MACHINES ||
  (process.env['CI'] === undefined && !(existsSync(SSHD) && existsSync('/usr/bin/sudo')));

/** Real hosts, and the way to them by OpenSSH's own client and server. */
interface OverRealSshd {
  readonly machines: Machines;
  /** Where the client's files are: `known_hosts`, and `calls`, with a line where a connection begins and ends. */
  readonly work: string;
  /** The client that a check finds first. */
  readonly env: NodeJS.ProcessEnv;
  /** The ids of the processes that run in the hosts' networks. */
  processes(): readonly string[];
  close(): Promise<void>;
}

/**
 * The server runs in the network and under the name of a host, one for each connection, which the client's
 * ProxyCommand starts there: no port is opened. Each host has ten more names, `0-node1` to `9-node1`; as
 * `password-node1` its server takes a password alone. At `down` nobody listens.
 */
export async function overRealSshd(): Promise<OverRealSshd> {
  const machines = await makeMachines({ prefer: 'real' });
  const work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-sshd-'));
  mkdirSync('/run/sshd', { recursive: true });
  for (const key of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(work, key)]);
  }
  const common = [`HostKey ${work}/host`, 'StrictModes no', 'UsePAM no'];
  const keys = [`AuthorizedKeysFile ${work}/user.pub`, 'PermitRootLogin prohibit-password'];
  const passwords = ['PubkeyAuthentication no', 'PermitRootLogin yes'];
  writeFileSync(path.join(work, 'keys'), `${[...common, ...keys].join('\n')}\n`);
  writeFileSync(path.join(work, 'passwords'), `${[...common, ...passwords].join('\n')}\n`);
  const networks = new Set<string>();
  const hosts = machines.machines.map((machine) => {
    const { pid } = machine.spawn(['sleep', '600']);
    networks.add(networkOf(String(pid)) ?? '');
    const spaces = ['net', 'uts'].map((kind) => `--${kind}=/proc/${pid}/ns/${kind}`).join(' ');
    const proxy = `  HostKeyAlias ${machine.name}\n  ProxyCommand nsenter ${spaces} -- ${SSHD} -i -f ${work}`;
    return [
      `Host ${machine.name} ?-${machine.name}\n${proxy}/keys\n`,
      `Host password-${machine.name}\n${proxy}/passwords\n`,
    ].join('');
  });
  const hostKey = readFileSync(path.join(work, 'host.pub'), 'utf8');
  const known = machines.machines.map(({ name }) => `${name} ${hostKey}`).join('');
  writeFileSync(path.join(work, 'known_hosts'), known);
  const down = 'Host down\n  HostName 127.0.0.1\n  Port 9\n';
  const own = `  User root\n  IdentityFile ${work}/user\n  UserKnownHostsFile ${work}/known_hosts\n`;
  writeFileSync(path.join(work, 'config'), `${hosts.join('')}${down}Host *\n${own}`);
  writeFileSync(
    path.join(work, 'ssh'),
    `#!/bin/sh\necho + >>${work}/calls\n/usr/bin/ssh -F ${work}/config "$@"\nstatus=$?\necho - >>${work}/calls\nexit $status\n`,
  );
  chmodSync(path.join(work, 'ssh'), 0o755);
  return {
    machines,
    work,
    env: { ...process.env, PATH: `${work}:${process.env['PATH']}` },
    processes: () =>
      readdirSync('/proc').filter(
        (pid) => /^\d+$/.test(pid) && networks.has(networkOf(pid) ?? 'none'),
      ),
    close: async () => {
      await machines.close();
      rmSync(work, { recursive: true, force: true });
    },
  };
}

/** Undefined for a process that has ended. */
function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
