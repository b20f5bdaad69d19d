import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { installed } from '../probe/recorded-tools.ts';
import { parameterised } from '../probe/probe-script.ts';
import { payloadOf, runProbe } from '../probe/run-probe.ts';
import type { Ended } from '../probe/run-probe.ts';
import { hostRoot, programs, scratchDirectory } from '../probe/scratch.ts';
import { need } from './need.ts';
import { silentServer } from './silent-server.ts';
import { strangeServer } from './strange-server.ts';

const SHELLS = [['dash'], ['busybox', 'sh']] as const;

/** `timeout` as coreutils and busybox have it, and a host that has none that can be used. */
const TIMEOUTS = {
  coreutils: `exec ${installed('timeout')} "$@"`,
  busybox: 'exec busybox timeout "$@"',
  none: 'exit 125',
} as const;

const KINDS = ['coreutils', 'busybox', 'none'] as const;

const POLL_MILLISECONDS = 50;
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const MAX_ANSWER_BYTES = 2500;

describe('latency, bounded', () => {
  test.for(KINDS.flatMap((kind) => SHELLS.map((shell) => ({ kind, name: shell[0], shell }))))(
    '$name ends what hangs, timeout: $kind',
    async ({ kind, shell }, { skip }) => {
      need(skip, 'kubectl', 'timeout', shell[0], ...(kind === 'busybox' ? ['busybox'] : []));
      const temporary = scratchDirectory();
      const root = masterRoot(await silentServer());
      const ended = await runShort(shell, { root, temporary, timeout: TIMEOUTS[kind] });
      expect(payloadOf(ended).slice(2).map(withoutTimes)).toEqual([
        'L get-nodes 124',
        'L /readyz 124',
      ]);
      expect(ended.stderr).toBe('');
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  test.for(KINDS)(
    'killed by TERM it leaves no file and no process, timeout: %s',
    async (kind, { skip }) => {
      need(skip, 'kubectl', 'timeout', ...(kind === 'busybox' ? ['busybox'] : []));
      const temporary = scratchDirectory();
      const root = masterRoot(await silentServer());
      const child = spawn('sh', ['-c', parameterised('latency', '')], {
        detached: true,
        stdio: 'ignore',
        env: environment({ root, temporary, timeout: TIMEOUTS[kind] }),
      });
      onTestFinished(() => {
        if (isGroup(child.pid)) process.kill(-(child.pid ?? 0), 'SIGKILL');
      });
      await until(() =>
        readdirSync(temporary, { recursive: true }).some((file) =>
          String(file).endsWith('0.complaints'),
        ),
      );
      child.kill('SIGTERM');
      await once(child, 'exit');
      await until(() => !isGroup(child.pid));
      expect(readdirSync(temporary)).toEqual([]);
    },
  );
});

describe('latency, of a strange API server', () => {
  test('only plain names are asked for, and no more than eight', async ({ skip }) => {
    need(skip, 'kubectl');
    const names = [
      '$(reboot)',
      'a b',
      'UPPER',
      'x'.repeat(101),
      '../..',
      'a"b',
      '',
      ...Array.from({ length: 12 }, (_, at) => `metrics${at}.example.com`),
    ];
    const items = names.flatMap((group) => [registered(group), local(group)]);
    const document = JSON.stringify({ kind: 'APIServiceList', items }, undefined, 2);
    const port = await strangeServer({ [API_SERVICES]: document }, 'no');
    const lines = await answerOf(port);
    expect(
      lines.filter((line) => line.startsWith('L /apis')).map((line) => line.split(' ')[1]),
    ).toEqual(Array.from({ length: 8 }, (_, at) => `/apis/metrics${at}.example.com/v1beta1`));
  });

  test('complaints are printable, short, and give way to the figures', async ({ skip }) => {
    need(skip, 'kubectl');
    const items = Array.from({ length: 8 }, (_, at) => registered(`m${at}.${'x'.repeat(90)}.io`));
    const document = JSON.stringify({ kind: 'APIServiceList', items });
    const complaint = `\u001b[2J\u0007é ${'long '.repeat(100)}\nL get-nodes 0 0 0\n\n${'more '.repeat(50)}`;
    const lines = await answerOf(await strangeServer({ [API_SERVICES]: document }, complaint));
    expect(lines.filter((line) => line.startsWith('L ')).length).toBe(10);
    const complaints = lines.filter((line) => line.startsWith('E '));
    expect(complaints.length).toBeGreaterThan(1);
    for (const line of complaints) {
      expect(line).toMatch(/^E (get-nodes|\/readyz|\/apis\/[a-z0-9.]+\/v1beta1) [ -~]{1,160}$/);
    }
    expect(lines.join('\n').length).toBeLessThan(MAX_ANSWER_BYTES - 300);
  });
});

/** A master's file system, by whose files its API server is at this port. */
function masterRoot(port: number, server = `https://127.0.0.1:${port}`): string {
  const cluster = `{name: c, cluster: {server: "${server}"}}`;
  return hostRoot({
    'etc/kubernetes/admin.conf': [
      'apiVersion: v1',
      'kind: Config',
      `clusters: [${cluster}]`,
      'contexts: [{name: c, context: {cluster: c, user: u}}]',
      'current-context: c',
      'users: [{name: u, user: {token: t}}]',
    ].join('\n'),
  });
}

async function answerOf(port: number): Promise<readonly string[]> {
  const root = masterRoot(port, `http://127.0.0.1:${port}`);
  return payloadOf(await runProbe({ action: 'latency', root })).slice(2);
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
    .replace(/^REQUEST_SECONDS=\d+$/m, 'REQUEST_SECONDS=1');
}

function environment({ root, temporary, timeout }: Host): NodeJS.ProcessEnv {
  return {
    PATH: `${programs({ timeout })}:${process.env['PATH']}`,
    VTEPWATCH_ROOT: root,
    TMPDIR: temporary,
  };
}

interface Host {
  readonly root: string;
  readonly temporary: string;
  /** What `timeout` is there. */
  readonly timeout: string;
}

function runShort([program, ...words]: readonly string[], host: Host): Promise<Ended> {
  const script = short(parameterised('latency', ''));
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

function isGroup(leader: number | undefined): boolean {
  try {
    return leader !== undefined && process.kill(-leader, 0);
  } catch {
    return false;
  }
}

/** Waits as long as the test may take. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(POLL_MILLISECONDS);
}
