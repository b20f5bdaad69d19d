import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parameterised } from '../probe/probe-script.ts';
import { payloadOf, runProbe } from '../probe/run-probe.ts';
import { hostRoot, programs, scratchDirectory } from '../probe/scratch.ts';
import { need } from './need.ts';
import { silentServer } from './silent-server.ts';
import { strangeServer } from './strange-server.ts';

const SHELLS = [['dash'], ['busybox', 'sh']] as const;

/** `timeout` as coreutils and busybox have it, and a host that has none that can be used. */
const TIMEOUTS = {
  coreutils: 'exec /usr/bin/timeout "$@"',
  busybox: 'exec busybox timeout "$@"',
  none: 'exit 125',
} as const;

const POLL_MILLISECONDS = 50;
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const MAX_ANSWER_BYTES = 2500;

describe('latency, bounded', () => {
  test.for(
    Object.entries(TIMEOUTS).flatMap(([kind, text]) =>
      SHELLS.map((shell) => ({ kind, text, shell })),
    ),
  )('$shell.0 ends what hangs, timeout: $kind', async ({ kind, text, shell }, { skip }) => {
    need(skip, 'kubectl', shell[0], ...(kind === 'busybox' ? ['busybox'] : ['timeout']));
    const temporary = scratchDirectory();
    const script = short(parameterised('latency', ''));
    const root = masterRoot(await silentServer());
    const ended = await runShell({ shell, script, root, temporary, path: programs({ timeout: text }) });
    expect(payloadOf(ended).slice(2).map(withoutTimes)).toEqual([
      'L get-nodes 124',
      'L /readyz 124',
    ]);
    expect(ended.stderr).toBe('');
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.for(['coreutils', 'busybox', 'none'] as const)(
    'killed by TERM it leaves no file and no process, timeout: %s',
    async (kind, { skip }) => {
      need(skip, 'kubectl', 'timeout', ...(kind === 'busybox' ? ['busybox'] : []));
      const temporary = scratchDirectory();
      const child = spawn('sh', ['-c', parameterised('latency', '')], {
        detached: true,
        stdio: 'ignore',
        env: {
          PATH: `${programs({ timeout: TIMEOUTS[kind] })}:${process.env['PATH']}`,
          VTEPWATCH_ROOT: masterRoot(await silentServer()),
          TMPDIR: temporary,
        },
      });
      // kubectl writes the list of groups only with an answer; the complaints' file comes first.
      await until(() => readdirSync(temporary, { recursive: true }).some(isComplaints));
      child.kill('SIGTERM');
      await once(child, 'exit');
      await until(() => readdirSync(temporary).length === 0 && !isGroup(child.pid));
    },
  );
});

describe('latency, of a strange API server', () => {
  test('only plain names are asked for, and no more than eight', async ({ skip }) => {
    need(skip, 'kubectl');
    const names = [
      ...['$(reboot)', 'a b', 'UPPER', 'x'.repeat(101), '../..', 'a\\"b', ''],
      ...Array.from({ length: 12 }, (_, at) => `metrics${at}.example.com`),
    ];
    const items = names.flatMap((group) => [registered(group), local(group)]);
    const document = JSON.stringify({ kind: 'APIServiceList', items }, undefined, 2);
    const port = await strangeServer({ [API_SERVICES]: document }, 'no');
    const lines = await answerOf(port);
    expect(lines.filter((line) => line.startsWith('L /apis')).map((line) => line.split(' ')[1]))
      .toEqual(Array.from({ length: 8 }, (_, at) => `/apis/metrics${at}.example.com/v1beta1`));
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

interface Shell {
  readonly shell: readonly string[];
  readonly script: string;
  readonly root: string;
  readonly temporary: string;
  readonly path: string;
}
