import { chownSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotHaveNamespaces } from './own-namespace.ts';
import { payloadOf, runProbe } from './run-probe.ts';
import { hostRoot, programs } from './scratch.ts';

/** The value of one fact on a host with these files, whose name is `Fallback-1`. */
async function fact(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  return factAt(name, hostRoot(files));
}

async function factAt(name: string, root: string, uname = 'echo Fallback-1'): Promise<string> {
  const own = programs({ uname, ip: 'exit 1', bridge: 'exit 1' });
  const lines = payloadOf(await runProbe({ action: 'tables', path: [own], root }));
  const line = lines.find((each) => each.startsWith(`${name} `)) ?? '';
  return line.slice(name.length + 1);
}

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly words?: readonly string[];
  readonly startTicks?: number;
  /** Real, effective, saved and of the file system, with tabs between them. */
  readonly uids?: string;
}

/** What /proc shows of a process. */
function proc({
  pid,
  name,
  words = [],
  startTicks = 0,
  uids = '0\t0\t0\t0',
}: Process): Readonly<Record<string, string>> {
  return {
    [`proc/${pid}/comm`]: `${name}\n`,
    [`proc/${pid}/cmdline`]: [name, ...words, ''].join('\0'),
    [`proc/${pid}/status`]: `Name:\t${name}\nUmask:\t0022\nUid:\t${uids}\nGid:\t0\t0\t0\t0\n`,
    [`proc/${pid}/stat`]: `${pid} (${name}) S${' 0'.repeat(18)} ${startTicks} 0 0\n`,
  };
}

describe('host', () => {
  test.for([
    ['--hostname-override=node-a.example', 'node-a.example'],
    ['--hostname-override=Node-A', 'node-a'],
    ['--v=2', 'fallback-1'],
    ['--hostname-override=', 'fallback-1'],
    ['--hostname-override=$(reboot)', 'fallback-1'],
    ['--hostname-override=naïve', 'fallback-1'],
    ['--hostname-override=node-', 'fallback-1'],
    ['--x=--hostname-override=other', 'fallback-1'],
  ] as const)('a kubelet with %s is on node %s', async ([word, name]) => {
    expect(await fact('host', proc({ pid: 712, name: 'kubelet', words: ['--v=2', word] }))).toBe(
      name,
    );
  });

  test('a kubelet may name the node in a word of its own', async () => {
    const words = ['--hostname-override', 'Node-B', '--v=2'];
    expect(await fact('host', proc({ pid: 712, name: 'kubelet', words }))).toBe('node-b');
  });

  test('kubelets of other networks do not hide it, however many', async () => {
    const words = ['--hostname-override=other'];
    const others = Array.from({ length: 30 }, (_, index) => ({
      ...proc({ pid: 100 + index, name: 'kubelet', words }),
      [`proc/${100 + index}/ns/net`]: '',
    }));
    const own = proc({ pid: 712, name: 'kubelet', words: ['--hostname-override=own'] });
    expect(await fact('host', Object.assign({}, ...others, own))).toBe('own');
  });

  test.skipIf(cannotHaveNamespaces())('another user’s kubelet does not name it', async () => {
    const nobody = 65_534;
    const root = hostRoot(
      proc({ pid: 712, name: 'kubelet', words: ['--hostname-override=other'] }),
    );
    chownSync(path.join(root, 'proc/712'), nobody, nobody);
    expect(await factAt('host', root)).toBe('fallback-1');
  });

  test.for([
    ['a setuid program that a user started', '1000\t0\t0\t0'],
    ['one that can become root again', '1000\t1000\t0\t1000'],
    ['one that tells no uid', ''],
  ] as const)('%s does not name it', async ([, uids]) => {
    const words = ['--hostname-override=other'];
    expect(await fact('host', proc({ pid: 712, name: 'kubelet', words, uids }))).toBe('fallback-1');
  });

  test.for([['user'], ['pid'], ['net']] as const)(
    'nor does one whose %s namespace is not that of process 1',
    async ([kind]) => {
      const words = ['--hostname-override=other'];
      const files = {
        ...proc({ pid: 712, name: 'kubelet', words }),
        [`proc/1/ns/${kind}`]: '',
        [`proc/712/ns/${kind}`]: '',
      };
      expect(await fact('host', files)).toBe('fallback-1');
    },
  );

  test('the kernel knows the host name where there is no `uname`', async () => {
    const root = hostRoot({ 'proc/sys/kernel/hostname': 'Fallback-2\n' });
    expect(await factAt('host', root, 'exit 127')).toBe('fallback-2');
  });

  test('a host that has no name says so', async () => {
    expect(await factAt('host', hostRoot({}), 'echo "no name"')).toBe('-');
  });

  test('no other process may name the node', async () => {
    const words = ['--hostname-override=other'];
    expect(await fact('host', proc({ pid: 712, name: 'kubelet-like', words }))).toBe('fallback-1');
  });
});

describe('boot', () => {
  test('it is the boot id and the uptime', async () => {
    expect(await fact('boot', {})).toBe('0c5e3f5e-7d0c-4c6e-9a3f-2f6b1f0c9d11 5000.25');
  });

  test('what cannot be read is not known', async () => {
    const files = { 'proc/uptime': '', 'proc/sys/kernel/random/boot_id': '' };
    expect(await fact('boot', files)).toBe('- -');
  });
});

describe('flanneld', () => {
  test('without one, its age is not known', async () => {
    expect(await fact('flanneld', proc({ pid: 9, name: 'kubelet' }))).toBe('-');
  });

  test('of several, the youngest counts', async () => {
    const files = {
      ...proc({ pid: 900, name: 'flanneld', startTicks: 10_000 }),
      ...proc({ pid: 1000, name: 'flanneld', startTicks: 480_000 }),
      ...proc({ pid: 1100, name: 'flanneld', startTicks: 20_000 }),
    };
    expect(await fact('flanneld', files)).toBe('200');
  });

  test('a start that is no number is passed over', async () => {
    const files = { 'proc/8/comm': 'flanneld\n', 'proc/8/stat': '8 (flanneld) S a[$(reboot)]\n' };
    expect(await fact('flanneld', files)).toBe('-');
  });

  test('in a container with an uptime of its own, the age of an older one is not known', async () => {
    const files = {
      ...proc({ pid: 900, name: 'flanneld', startTicks: 600_000 }),
      ...proc({ pid: 1000, name: 'flanneld', startTicks: 480_000 }),
    };
    expect(await fact('flanneld', files)).toBe('200');
    expect(await fact('flanneld', proc({ pid: 9, name: 'flanneld', startTicks: 600_000 }))).toBe(
      '-',
    );
  });

  test('without an uptime, its age is not known', async () => {
    const files = {
      ...proc({ pid: 900, name: 'flanneld', startTicks: 10_000 }),
      'proc/uptime': '',
    };
    expect(await fact('flanneld', files)).toBe('-');
  });
});

describe('install', () => {
  test.for([
    ['var/lib/rancher/rke2/bin/x', 'rke2'],
    ['var/lib/rancher/k3s/data/x', 'k3s'],
    ['etc/cni/net.d/10-canal.conflist', 'canal'],
    ['etc/cni/net.d/10-flannel.conflist', 'flannel'],
    ['etc/cni/net.d/10-other.conflist', 'unknown'],
  ] as const)('%s tells of %s', async ([file, install]) => {
    expect(await fact('install', { [file]: '' })).toBe(install);
  });
});

describe('agent', () => {
  test('the directories of its commands are counted', async () => {
    const commands = 'var/lib/amazon/ssm/mi-0123456789abcdef0/document/orchestration';
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`${commands}/${index}/awsrunShellScript/x`, '']),
    );
    expect(await fact('agent', files)).toBe('12');
  });

  test('without any, their number is not known', async () => {
    expect(await fact('agent', {})).toBe('-');
  });
});

describe('master', () => {
  test.for(['etc/kubernetes/admin.conf', 'etc/rancher/rke2/rke2.yaml', 'etc/rancher/k3s/k3s.yaml'])(
    '%s makes a master',
    async (file) => {
      expect(await fact('master', { [file]: '' })).toBe(`/${file}`);
    },
  );

  test('other hosts are none', async () => {
    expect(await fact('master', { 'etc/kubernetes/kubelet.conf': '' })).toBe('-');
  });
});
