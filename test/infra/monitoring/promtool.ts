import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** Leaves a check out where Prometheus' own tool is not there, and says which; in CI that is a failure. */
export function needPromtool(skip: (note: string) => void, check: string): void {
  if (spawnSync('promtool', ['--version']).error === undefined) return;
  const note = `promtool is not installed (Debian: prometheus), left out: ${check}`;
  if (process.env['CI'] !== undefined) throw new Error(note);
  skip(note);
}

/** Names in quotes are read by version 3 and later. */
export function needPromtool3(skip: (note: string) => void, check: string): void {
  needPromtool(skip, check);
  const { stdout } = spawnSync('promtool', ['--version'], { encoding: 'utf8' });
  if (Number(/version (\d+)/.exec(stdout)?.[1]) >= 3) return;
  skip(`promtool is older than 3, left out: ${check}`);
}

interface Verdict {
  readonly passes: boolean;
  /** What the tool printed. */
  readonly text: string;
}

/** Runs `promtool` in a folder with these files. */
export function promtool(args: readonly string[], files: ReadonlyMap<string, string>): Verdict {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const { status, stdout, stderr } = spawnSync('promtool', [...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { passes: status === 0, text: `${stdout}${stderr}` };
}
