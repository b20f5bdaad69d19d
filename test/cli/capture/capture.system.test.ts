import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { carryOut, machineNamed } from '../../../lab/machines/machine.ts';
import { reportSchema } from '../../../shared/contract/report.ts';
import { FIXTURES } from '../replay/replayed.ts';
import { overFakeSsh } from '../ssh/over-fake-ssh.ts';

const SEED = path.join(FIXTURES, 'seed-incident', 'before');

let ssh: Awaited<ReturnType<typeof overFakeSsh>>;
let work = '';
beforeAll(async () => {
  ssh = await overFakeSsh();
});
beforeEach(async () => {
  await ssh.reset();
  work = mkdtempSync(path.join(tmpdir(), 'vtepwatch-capture-'));
});
afterEach(() => {
  rmSync(work, { recursive: true, force: true });
});
afterAll(async () => {
  await ssh?.close();
});

const EVERYBODY = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'];

describe('a capture over ssh', () => {
  test('has what replay needs for the verdict of a check: the incident, the node list, the latencies', async () => {
    const master1 = machineNamed(ssh.machines, 'master1');
    const others = ssh.machines.machines.filter(({ name }) => name !== 'master1');
    const directory = path.join(work, 'capture');
    try {
      for (const other of others) {
        await carryOut(other, `ip neigh del ${master1.tunnelIp} dev flannel.1`);
      }
      const captured = await ssh.vtepwatch(['capture', directory, '--ssh', ...EVERYBODY]);
      expect(captured).toMatchObject({ exit: 0, stdout: `6 hosts captured in ${directory}\n` });
    } finally {
      await Promise.all(others.map((other) => reprogram(other)));
    }
    expect(readdirSync(directory)).toEqual([
      'capture.json',
      'daemonsets.json',
      ...EVERYBODY,
      'nodes.json',
    ]);
    const { exit, stdout } = await ssh.vtepwatch(['replay', directory, '--json']);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report).toMatchObject({ verdict: 'incident', checked: { nodes: 6, of: 6 } });
    expect(report.incidents).toMatchObject([
      { cause: 'neighbour-missing', key: 'capture/subject/master1', missingPeers: 5 },
    ]);
    expect(report.latencies.map(({ node }) => node)).toContain('master2');
    expect(exit).toBe(1);
  });

  test('in one file without names and addresses is replayed as one', async () => {
    const file = path.join(work, 'bundle.json');
    const captured = await ssh.vtepwatch([
      'capture',
      '--anonymize',
      '--bundle',
      file,
      '--ssh',
      ...EVERYBODY,
    ]);
    // Without DIR the first host is none.
    expect(captured.exit).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toMatch(/master1|192\.168\.1\.14|36:9b:9c/);
    const { stdout, exit } = await ssh.vtepwatch(['replay', file]);
    expect(stdout).toMatch(/^cluster bundle: healthy; .*6 of 6 nodes checked/);
    expect(exit).toBe(0);
  });

  test('goes on without a host that does not answer, and names it', async () => {
    ssh.does('node1', 'echo "Permission denied (publickey)." >&2; exit 255');
    const directory = path.join(work, 'capture');
    const { exit, stderr } = await ssh.vtepwatch(['capture', directory, '--ssh', ...EVERYBODY]);
    expect(stderr).toContain('node1: ssh failed: Permission denied (publickey).');
    expect(readdirSync(directory)).not.toContain('node1');
    expect(exit).toBe(0);
  });

  test.for([
    [
      'is there already',
      'bundle.json',
      'is there already: name another file, or overwrite it with --force',
    ],
    ['would be in no directory', 'none/bundle.json', 'there is no directory'],
  ] as const)('asks no host for a bundle that %s', async ([, name, sentence]) => {
    const file = path.join(work, name);
    writeFileSync(path.join(work, 'bundle.json'), 'of last week');
    const words = ['capture', '--bundle', file, '--ssh', ...EVERYBODY];
    const { exit, stderr } = await ssh.vtepwatch(words);
    expect(stderr).toContain(sentence);
    expect(exit).toBe(64);
    expect(ssh.calls()).toEqual([]);
    expect(readFileSync(path.join(work, 'bundle.json'), 'utf8')).toBe('of last week');
  });

  test('overwrites a bundle with --force', async () => {
    const bundle = path.join(work, 'bundle.json');
    writeFileSync(bundle, 'of last week');
    const words = ['capture', '--from', SEED, '--bundle', bundle, '--force'];
    expect((await ssh.vtepwatch(words)).exit).toBe(0);
    expect(readFileSync(bundle, 'utf8')).toContain('vtepwatch-capture');
  });

  test('writes nothing where no host answers', async () => {
    const directory = path.join(work, 'capture');
    ssh.does('node1', 'exit 255');
    const { exit } = await ssh.vtepwatch(['capture', directory, '--ssh', 'node1']);
    expect(exit).toBe(69);
    expect(readdirSync(work)).toEqual([]);
  });
});

describe('a capture that is there', () => {
  test('is written with the fields of the node list that a verdict depends on, and no others', async () => {
    const node = {
      metadata: {
        name: 'n1',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'a secret' },
        labels: { 'example.com/team': 'a secret' },
      },
      spec: { podCIDR: '10.42.0.0/24' },
      status: { images: ['a secret'] },
    };
    writeFileSync(path.join(work, 'nodes.json'), JSON.stringify({ items: [node] }));
    const bundle = path.join(work, 'bundle.json');
    const { exit } = await ssh.vtepwatch(['capture', '--from', work, '--bundle', bundle]);
    expect(exit).toBe(0);
    expect(readFileSync(bundle, 'utf8')).toContain('10.42.0.0/24');
    expect(readFileSync(bundle, 'utf8')).not.toContain('a secret');
  });

  test.for([
    ['a link out of it', 'ln -s /etc/hostname "$1"', 'it leads out of the capture'],
    ['a link to a device', 'ln -s /dev/zero "$1"', 'it leads out of the capture'],
    ['a pipe', 'mkfifo "$1"', 'it is not a file'],
  ] as const)('is not read where a file of it is %s', async ([, make, sentence]) => {
    mkdirSync(path.join(work, 'host'));
    execFileSync('sh', ['-c', make, 'sh', path.join(work, 'host', 'ip-neigh.txt')]);
    const { exit, stderr } = await ssh.vtepwatch(['replay', work]);
    expect(stderr).toContain(`reading ${work}/host/ip-neigh.txt: ${sentence}`);
    expect(exit).toBe(2);
  });

  test('may have links within it', async () => {
    cpSync(SEED, work, { recursive: true });
    renameSync(path.join(work, 'master3', 'ip-neigh.txt'), path.join(work, 'neigh'));
    symlinkSync('../neigh', path.join(work, 'master3', 'ip-neigh.txt'));
    const { stdout } = await ssh.vtepwatch(['replay', work]);
    expect(stdout).toContain(': INCIDENT');
  });

  test.for(['/dev/zero', 'pipe'])('is none where it is %s', async (name) => {
    const file = path.resolve(work, name);
    if (name === 'pipe') execFileSync('mkfifo', [file]);
    const { exit, stderr } = await ssh.vtepwatch(['replay', file]);
    expect(stderr).toContain('it is neither a directory nor a file');
    expect(exit).toBe(2);
  });

  test.for(['../outside/ip-neigh.txt', '/etc/passwd', 'host/ssh-key', '..\\x/ip-neigh.txt'])(
    'is none with a file %s in it',
    async (name) => {
      const bundle = path.join(work, 'bundle.json');
      const document = { format: 'vtepwatch-capture', version: 1, files: { [name]: 'x' } };
      writeFileSync(bundle, JSON.stringify(document));
      const { exit, stderr } = await ssh.vtepwatch(['replay', bundle]);
      expect(stderr).toContain('no capture has a file');
      expect(exit).toBe(2);
    },
  );
});
