import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leftoversOf } from './machines/leftovers.ts';
import { NO_REAL_MACHINES } from './machines/needs-root.ts';

const LAB = path.join(import.meta.dirname, '..', '..', 'lab');

/** The kernel or the warden notices the end of a lab a moment after it. */
const GONE = { timeout: 10_000, interval: 50 };

interface Ended {
  readonly complaints: string;
  /** The folder for temporary files. */
  readonly temporary: string;
  /** The process that ran the program. */
  readonly lab: number;
}

/** Runs a program of the lab, of whose output `head` takes so many lines. */
async function headOf(program: string, lines: number): Promise<Ended> {
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
  const [, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { complaints, temporary, lab: Number(await readFile(pidFile, 'utf8')) };
}

/** Long, since each builds the function first. */
const PATIENCE = { timeout: 240_000 };

describe('a program of the lab whose reader takes the first lines alone', () => {
  test.for([
    ['while the function is built', 'story.ts --modelled', 3],
    ['in the middle of a run', NO_REAL_MACHINES ? 'story.ts --modelled' : 'story.ts', 13],
    ['while a backend is looked for', 'backend.ts --modelled', 2],
  ] as const)('ends quietly and leaves nothing, %s', PATIENCE, async ([, program, lines]) => {
    const { complaints, temporary, lab } = await headOf(program, lines);
    expect(complaints).toBe('');
    await expect
      .poll(
        async () => [...(await readdir(temporary)), ...leftoversOf({ lab, programs: [] })],
        GONE,
      )
      .toEqual([]);
  });
});
