import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type DebianPackage, findPackage, programIn } from '../../../lab/backend/debian-package.ts';

/** Leaves a check out where Prometheus' own tool is not there, and says which; in CI that is a failure. */
export function needPromtool(skip: (note: string) => void, check: string): void {
  if (spawnSync('promtool', ['--version']).error === undefined) return;
  const note = `promtool is not installed (Debian: prometheus), left out: ${check}`;
  if (process.env['CI'] !== undefined) throw new Error(note);
  skip(note);
}

/** The first in Debian to be of version 3, which reads names in quotes. */
const PROMTOOL_3: DebianPackage = { name: 'promtool', suite: 'forky', programs: ['promtool'] };

/** The path of promtool 3, which need not be installed. */
export async function needPromtool3(skip: (note: string) => void, check: string): Promise<string> {
  const found = await findPackage(PROMTOOL_3);
  if (found.kind === 'found') return programIn(found.root, 'promtool');
  const note = `${found.reason}, left out: ${check}`;
  if (process.env['CI'] === undefined) skip(note);
  throw new Error(note);
}

interface Verdict {
  readonly passes: boolean;
  /** What the tool printed. */
  readonly text: string;
}

/** Runs `promtool` in a folder with these files: the one that is installed, or the one at that path. */
export function promtool(
  args: readonly string[],
  files: ReadonlyMap<string, string>,
  program = 'promtool',
): Verdict {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const { status, stdout, stderr } = spawnSync(program, [...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { passes: status === 0, text: `${stdout}${stderr}` };
}
