import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { leftoversOf } from './machines/leftovers.ts';
import { NO_REAL_MACHINES } from './machines/needs-root.ts';

const LAB = path.join(import.meta.dirname, '..', '..', 'lab');

/** The kernel or the warden notices the end of a lab a moment after it. */
const GONE = { timeout: 10_000, interval: 50 };

/** A program of the lab, of whose output `head` takes some lines, and what it leaves. */
async function headOf(program: string, lines: number) {
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-head-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const temporary = await mkdtemp(path.join(directory, 'tmp-'));
  const pidFile = path.join(directory, 'pid');
  const script = `sh -c 'echo $$ >"$PID_FILE"; exec "$NODE" ${program}' | head -${lines}`;
  const child = spawn('sh', ['-c', script], {
    cwd: LAB,
    env: { ...process.env, NODE: process.execPath, PID_FILE: pidFile, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lab = Number(await readFile(pidFile, 'utf8'));
  return { printed, complaints, temporary, lab };
}

describe('a program of the lab whose reader takes the first lines alone', () => {
  test.for([
    ['while the function is built', 'story.ts --modelled', 3],
    ['while the lab starts', 'story.ts --modelled', 5],
    ['in the middle of a run', 'story.ts --modelled', 14],
    ['while a backend is looked for', 'backend.ts --modelled', 2],
  ] as const)(
    'ends quietly and leaves nothing, %s',
    { timeout: 120_000 },
    async ([, program, lines]) => {
      await expectQuietEnd(program, lines);
    },
  );

  test.skipIf(NO_REAL_MACHINES)(
    'ends quietly and leaves no namespace',
    { timeout: 120_000 },
    async () => {
      await expectQuietEnd('story.ts', 14);
    },
  );
});

async function expectQuietEnd(program: string, lines: number): Promise<void> {
  const { printed, complaints, temporary, lab } = await headOf(program, lines);
  expect(printed.trimEnd().split('\n').length).toBeGreaterThan(1);
  expect(complaints).toBe('');
  await vi.waitFor(async () => {
    expect(await readdir(temporary)).toEqual([]);
    expect(leftoversOf({ lab, programs: [] })).toEqual([]);
  }, GONE);
}
