import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAUSES } from '../../shared/contract/causes.ts';
import type { Fix } from '../../shared/contract/report.ts';
import { incidentOf } from './cases.ts';

/** Programs that print what they are called with, in the place of those that a page calls. */
let programs = '';
beforeAll(() => {
  programs = mkdtempSync(path.join(tmpdir(), 'vtepwatch-typed-'));
  program('aws', `printf '%s\\n' "$@"`);
  program('ssh', `printf '%s|' "$@"; cat`);
  program('npx', 'echo node1; echo node2');
  program('kubectl', `printf '%s ' "$@"; echo`);
});
afterAll(() => {
  rmSync(programs, { recursive: true, force: true });
});

function program(name: string, body: string): void {
  const file = path.join(programs, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

function typed(line: string): readonly string[] {
  const env = { PATH: `${programs}:${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8', env });
  expect([line, status, stderr]).toEqual([line, 0, '']);
  return stdout.trimEnd().split('\n');
}

async function stepsOf(size: 'few' | 'many'): Promise<readonly Fix[]> {
  const incidents = await Promise.all(CAUSES.map((cause) => incidentOf(cause, size)));
  return incidents.flatMap(({ fix }) => fix);
}

describe.for(['few', 'many'] as const)(
  'the lines of every page, typed into a shell (%s)',
  (size) => {
    test('hand Systems Manager exactly the commands of the step', async () => {
      const steps = await stepsOf(size);
      let lines = 0;
      for (const { remotely = [], commands } of steps) {
        for (const line of remotely.filter((one) => one.startsWith('aws '))) {
          lines += 1;
          const words = typed(line);
          const parameters = words[words.indexOf('--parameters') + 1] ?? '';
          expect(JSON.parse(parameters)).toEqual({ commands });
        }
      }
      expect(lines).toBeGreaterThan(5);
    });

    test('and kubectl each node, one after the other', async () => {
      for (const { runs, commands, hosts, kind } of await stepsOf(size)) {
        if (runs !== 'anywhere' || kind === 'look' || kind === 'pace') continue;
        for (const command of commands) {
          const named = typed(command).map((call) => /nodeName=(\S+)/.exec(call)?.[1]);
          expect(named).toEqual(command.includes(' rollout ') ? [undefined] : hosts);
        }
      }
    });
  },
);

test('batches of ids hand Systems Manager the whole block', async () => {
  const { fix } = await incidentOf('neighbour-missing', 'most', 'k3s');
  const lines = fix.flatMap(({ remotely = [] }) => remotely);
  const [line = '', ...more] = lines.filter((one) => one.includes('xargs'));
  expect(more).toEqual([]);
  const words = typed(line);
  expect(words.slice(-3)).toEqual(['--instance-ids', 'node1', 'node2']);
  const parameters = words[words.indexOf('--parameters') + 1] ?? '';
  expect(JSON.parse(parameters)).toEqual({ commands: ['systemctl restart k3s-agent'] });
});

test('a loop over ssh hands each host the whole block', async () => {
  const { fix } = await incidentOf('never-programmed', 'few');
  const [first] = fix;
  const block = first?.commands[0] ?? '';
  const calls = typed(`for n in a b; do echo '${block}' | ssh $n sudo sh; done`);
  expect(calls).toEqual([`a|sudo|sh|${block}`, `b|sudo|sh|${block}`]);
});

test("the line for the MAC address that Calico derives from a node's name prints that address", async () => {
  const { fix } = await incidentOf('mac-mismatch', 'few', 'calico');
  const line = fix.flatMap(({ commands }) => commands).find((one) => one.includes('sha1sum'));
  // felix/calc/vxlan_resolver.go, vtepMACForHost, for "master1".
  expect(typed(line ?? '')).toEqual(['66:31:3a:fa:51:89']);
});

test.for(['few', 'many'] as const)(
  'every command of a page is a whole line for a shell (%s)',
  async (size) => {
    const lines = (await stepsOf(size)).flatMap(({ commands, remotely = [] }) => [
      ...commands,
      ...remotely,
    ]);
    expect(lines.length).toBeGreaterThan(30);
    for (const line of new Set(lines)) {
      for (const shell of ['sh', 'bash']) {
        const { status, stderr } = spawnSync(shell, ['-n', '-c', line], { encoding: 'utf8' });
        expect([shell, line, status, stderr]).toEqual([shell, line, 0, '']);
      }
    }
  },
);
