import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LATENCY_BYTES } from '../../../../shared/contract/wire.ts';
import { AWKS, programsOf } from '../probe/awks.ts';
import { installed } from '../probe/recorded-tools.ts';
import { parameterised } from '../probe/probe-script.ts';
import { payloadOf, runProbe } from '../probe/run-probe.ts';
import type { Ended } from '../probe/run-probe.ts';
import { hostRoot, programs, scratchDirectory } from '../probe/scratch.ts';
import { need } from './need.ts';
import { silentServer } from './silent-server.ts';
import { strangeServer } from './strange-server.ts';

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix', '--norc']] as const;

/** `setsid` as util-linux and busybox have it, and a host that has none that can be used. */
const SETSIDS = {
  'util-linux': `exec ${installed('setsid')} "$@"`,
  busybox: 'exec busybox setsid "$@"',
  none: 'exit 125',
} as const;

const KINDS = ['util-linux', 'busybox', 'none'] as const;
const IN_SESSIONS = ['util-linux', 'busybox'] as const;

const POLL_MILLISECONDS = 50;
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const MAX_ANSWER_BYTES = 2500;

describe('what a master is asked, bounded', () => {
  test.for(KINDS.flatMap((kind) => SHELLS.map((shell) => ({ kind, name: shell[0], shell }))))(
    '$name ends what hangs, setsid: $kind',
    async ({ kind, shell }, { skip }) => {
      need(skip, 'kubectl', 'setsid', shell[0], ...(kind === 'busybox' ? ['busybox'] : []));
      const host = hostAt(await silentServer(), SETSIDS[kind]);
      const [latency, apis, nodes, part] = await Promise.all([
        runShort(shell, host, 'latency'),
        runShort(shell, host, 'apis'),
        runShort(shell, host, 'nodes'),
        runShort(shell, host, 'nodes-part', '0,1'),
      ]);
      expect(payloadOf(latency).slice(2).map(withoutTimes)).toEqual([
        'L get-nodes 124',
        'L /readyz 124',
      ]);
      expect(payloadOf(apis).slice(2).map(withoutTimes)).toEqual([`L ${API_SERVICES} 124`]);
      const noList = 'E /api/v1/nodes the list did not come whole';
      expect(payloadOf(nodes).slice(2).map(withoutTimes)).toEqual([
        'L /api/v1/nodes 124',
        'L /apis/apps/v1/daemonsets 124',
        noList,
      ]);
      expect(payloadOf(part).slice(2).map(withoutTimes)).toEqual(['L /api/v1/nodes 124', noList]);
      expect([latency, apis, nodes, part].map(({ stderr }) => stderr).join('')).toBe('');
      expect(readdirSync(host.temporary)).toEqual([]);
      await until(() => processesOf(host).length === 0);
    },
  );

  test.for(IN_SESSIONS)(
    'what a credential plugin leaves behind ends as well, setsid: %s',
    async (kind, { skip }) => {
      need(skip, 'kubectl', 'setsid', ...(kind === 'busybox' ? ['busybox'] : []));
      const credential = JSON.stringify({
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        kind: 'ExecCredential',
        status: { token: 't' },
      });
      const left = `trap '' HUP TERM; sleep 1000 & echo '${credential}'`;
      for (const plugin of [left, `trap '' HUP TERM; sleep 1000`]) {
        const host = hostAt(await silentServer(), SETSIDS[kind], plugin);
        const ended = await runShort(['sh'], host, 'latency');
        expect(payloadOf(ended).slice(2).map(withoutTimes)).toEqual([
          'L get-nodes 124',
          'L /readyz 124',
        ]);
        await until(() => processesOf(host).length === 0);
        expect(readdirSync(host.temporary)).toEqual([]);
      }
    },
  );

  test.for(
    (['latency', 'nodes'] as const).flatMap((action) => [
      ...KINDS.map((kind) => [action, kind, 'TERM'] as const),
      // As the agent does it, to the whole process group.
      ...IN_SESSIONS.map((kind) => [action, kind, 'KILL'] as const),
    ]),
  )(
    '%s leaves no file and no process, setsid: %s, killed by %s',
    async ([action, kind, signal], { skip }) => {
      need(skip, 'kubectl', 'setsid', ...(kind === 'busybox' ? ['busybox'] : []));
      const host = hostAt(await silentServer(), SETSIDS[kind]);
      const child = spawn('sh', ['-c', parameterised(action, '')], {
        detached: true,
        stdio: 'ignore',
        env: environment(host),
      });
      onTestFinished(() => {
        for (const pid of processesOf(host)) process.kill(pid, 'SIGKILL');
      });
      await until(() =>
        readdirSync(host.temporary, { recursive: true }).some((file) =>
          String(file).endsWith('1.complaints'),
        ),
      );
      if (signal === 'TERM') child.kill('SIGTERM');
      else process.kill(-(child.pid ?? 0), 'SIGKILL');
      await until(() => processesOf(host).length === 0);
      expect(readdirSync(host.temporary)).toEqual([]);
    },
  );

  test('its files lie beside the script, from where the agent removes them', async ({ skip }) => {
    need(skip, 'kubectl');
    const host = hostAt(await silentServer(), SETSIDS['util-linux']);
    const script = path.join(scratchDirectory(), '_script.sh');
    writeFileSync(script, short(parameterised('latency', '')), { mode: 0o700 });
    const child = spawn('sh', ['-c', script], { stdio: 'ignore', env: environment(host) });
    await until(() => readdirSync(path.dirname(script)).length === 2);
    expect(readdirSync(host.temporary)).toEqual([]);
    await once(child, 'exit');
    expect(readdirSync(path.dirname(script))).toEqual(['_script.sh']);
  });
});

describe('what a master is asked, by a strange API server', () => {
  test('only plain names are asked for, and no more than sixteen', async ({ skip }) => {
    need(skip, 'kubectl');
    const names = [
      '$(reboot)',
      'a b',
      'UPPER',
      'x'.repeat(201),
      '../..',
      'a"b',
      '',
      ...Array.from({ length: 19 }, (_, at) => `metrics${at}.example.com`),
    ];
    const items = names.flatMap((group) => [registered(group), local(group), registered(group)]);
    const document = JSON.stringify({ kind: 'APIServiceList', items }, undefined, 2);
    const lines = await answerOf(await strangeServer({ [API_SERVICES]: document }, 'no'), 'apis');
    expect(
      lines.filter((line) => line.startsWith('L /apis')).map((line) => line.split(' ')[1]),
    ).toEqual(Array.from({ length: 16 }, (_, at) => `/apis/metrics${at}.example.com/v1beta1`));
    expect(lines).toContain('E apis 3 of 19 were not asked');
  });

  test('complaints are printable, short, and give way to the figures', async ({ skip }) => {
    need(skip, 'kubectl');
    const items = Array.from({ length: 8 }, (_, at) => registered(`m${at}.${'x'.repeat(90)}.io`));
    const document = JSON.stringify({ kind: 'APIServiceList', items });
    const complaint = `\u001b[2J\u0007é ${'long '.repeat(100)}\nL get-nodes 0 0 0\n\n${'more '.repeat(50)}`;
    const port = await strangeServer({ [API_SERVICES]: document }, complaint);
    const answers = await Promise.all([answerOf(port, 'latency'), answerOf(port, 'apis')]);
    expect(answers.map((lines) => lines.filter((line) => line.startsWith('L ')).length)).toEqual([
      2, 8,
    ]);
    for (const lines of answers) {
      const complaints = lines.filter((line) => line.startsWith('E '));
      expect(complaints.length).toBeGreaterThan(1);
      for (const line of complaints) {
        expect(line).toMatch(/^E (get-nodes|\/readyz|\/apis\/[a-z0-9.]+\/v1beta1) [ -~]{1,160}$/);
      }
      expect(lines.join('\n').length).toBeLessThan(MAX_ANSWER_BYTES - 300);
    }
  });

  test('figures for which there is no room are counted', async ({ skip }) => {
    need(skip, 'kubectl');
    const items = Array.from({ length: 16 }, (_, at) => registered(`m${at}.${'x'.repeat(150)}.io`));
    const document = JSON.stringify({ kind: 'APIServiceList', items });
    const lines = await answerOf(await strangeServer({ [API_SERVICES]: document }, 'no'), 'apis');
    const figures = lines.filter((line) => line.startsWith('L '));
    expect(lines.at(-1)).toBe(`E apis there was no room for ${16 - figures.length} figures`);
    expect(figures.length).toBeGreaterThan(8);
    expect(lines.join('\n').length).toBeLessThanOrEqual(LATENCY_BYTES);
  });

  test.for(AWKS)(
    'a list without an end keeps %s for no longer than its bytes take',
    async (awk, { skip }) => {
      need(skip, 'kubectl', awk);
      const list = 'a\n'.repeat(8 * 1024 * 1024);
      const lines = await answerOf(await strangeServer({ [API_SERVICES]: list }, 'no'), 'apis', [
        programsOf(awk),
      ]);
      expect(lines).toEqual(['E apis their list was cut']);
    },
  );

  test.for(AWKS)(
    'a node list without an end costs %s no more CPU time than it may',
    async (awk, { skip }) => {
      need(skip, 'kubectl', awk);
      const filler = Array.from(
        { length: 400_000 },
        () => '{"status":{"images":[{"names":["x"]}]}}',
      );
      const list = `{"kind":"NodeList","items":[${filler.join(',')}`;
      const port = await strangeServer({ '/api/v1/nodes': list }, 'no');
      const lines = await answerOf(port, 'nodes', [programsOf(awk)]);
      expect(lines).toContain('E /api/v1/nodes the list did not come whole');
      expect(lines.join('\n')).not.toMatch(/^(checksums|node) /m);
    },
  );

  test('one record of a node list takes no more memory than it may', async ({ skip }) => {
    need(skip, 'kubectl');
    const list = `{"kind":"NodeList","x":"${'a'.repeat(300 * 1024 * 1024)}`;
    const port = await strangeServer({ '/api/v1/nodes': list }, 'no');
    const lines = await answerOf(port, 'nodes');
    expect(lines).toContain('E /api/v1/nodes the list did not come whole');
  });

  test('a list that is refused is a request that failed', async ({ skip }) => {
    need(skip, 'kubectl');
    const lines = await answerOf(await strangeServer({}, 'no'), 'apis');
    expect(lines.map(withoutTimes)).toEqual([
      `L ${API_SERVICES} 1`,
      expect.stringMatching(new RegExp(`^E ${API_SERVICES} .*no$`)),
    ]);
  });
});

interface Host {
  readonly root: string;
  readonly temporary: string;
  /** What `setsid` is there. */
  readonly setsid: string;
}

/** A master whose API server is at this port. `plugin`: a script that gives kubectl its token. */
function hostAt(port: number, setsid: string, plugin?: string): Host {
  const root = masterRoot(`https://127.0.0.1:${port}`, plugin);
  return { root, temporary: scratchDirectory(), setsid };
}

/** A master's file system, by whose files its API server is there. */
function masterRoot(server: string, plugin?: string): string {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: 'sh',
    args: ['-c', plugin],
    interactiveMode: 'Never',
  };
  const user = plugin === undefined ? { token: 't' } : { exec };
  return hostRoot({
    'etc/kubernetes/admin.conf': JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user }],
    }),
  });
}

type MasterAction = 'latency' | 'apis' | 'nodes' | 'nodes-part';

async function answerOf(
  port: number,
  action: MasterAction,
  own: readonly string[] = [],
): Promise<readonly string[]> {
  const root = masterRoot(`http://127.0.0.1:${port}`);
  return payloadOf(await runProbe({ action, root, path: own })).slice(2);
}

function registered(group: string): object {
  const service = { namespace: 'monitoring', name: 'adapter', port: 443 };
  return { metadata: METADATA, spec: { service, group, version: 'v1beta1' }, status: {} };
}

function local(group: string): object {
  return { metadata: METADATA, spec: { service: null, group, version: 'v1' }, status: {} };
}

/** What kubectl and the API server write there mentions services that are none. */
const METADATA = {
  annotations: { last: '{"spec":{"service":{"name":"x"},"group":"wrong","version":"v1"}}' },
  managedFields: [{ fieldsV1: { 'f:spec': { 'f:service': { '.': {} }, 'f:group': {} } } }],
};

/** The script with bounds that a test can wait for. */
function short(script: string): string {
  return script
    .replace(/^GET_NODES_SECONDS=\d+$/m, 'GET_NODES_SECONDS=2')
    .replace(/^READYZ_SECONDS=\d+$/m, 'READYZ_SECONDS=1')
    .replace(/^API_SECONDS=\d+$/m, 'API_SECONDS=1')
    .replace(/^NODES_SECONDS=\d+$/m, 'NODES_SECONDS=1')
    .replace(/^DAEMONSETS_SECONDS=\d+$/m, 'DAEMONSETS_SECONDS=1');
}

function environment({ root, temporary, setsid }: Host): NodeJS.ProcessEnv {
  return {
    PATH: `${programs({ setsid })}:${process.env['PATH']}`,
    VTEPWATCH_ROOT: root,
    TMPDIR: temporary,
  };
}

function runShort(
  [program, ...words]: readonly string[],
  host: Host,
  ...[action, wanted = '']: readonly [action: MasterAction, wanted?: string]
): Promise<Ended> {
  const script = short(parameterised(action, wanted));
  return new Promise((resolve) => {
    const child = execFile(
      program ?? 'sh',
      [...words, '-c', script],
      { env: environment(host), encoding: 'latin1' },
      (_error, stdout, stderr) => resolve({ exit: child.exitCode, stdout, stderr }),
    );
  });
}

function withoutTimes(line: string): string {
  return line.replace(/^(L \S+) \d+\.\d\d \d+\.\d\d (\d+)$/, '$1 $2');
}

/** All that the script has started there and that has not ended, whatever group it is in. */
function processesOf({ temporary }: Host): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => contentOf(`/proc/${pid}/environ`).includes(`TMPDIR=${temporary}\0`))
    .map(Number);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Waits as long as the test may take. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(POLL_MILLISECONDS);
}
