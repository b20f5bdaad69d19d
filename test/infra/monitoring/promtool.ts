import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

interface Verdict {
  readonly passes: boolean;
  /** What the tool printed. */
  readonly text: string;
}

/** Runs `promtool` in a folder with these files. */
export function promtool(args: readonly string[], files: ReadonlyMap<string, string>): Verdict {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of files) writeFileSync(path.join(folder, name), text);
  const { status, stdout, stderr } = spawnSync('promtool', [...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { passes: status === 0, text: `${stdout}${stderr}` };
}
