import { spawnSync } from 'node:child_process';

/** Leaves a test out where there is no kubectl, and says so; in CI that is a failure. */
export function needKubectl(skip: (note: string) => void): void {
  if (spawnSync('kubectl', ['version', '--client']).error === undefined) return;
  const note = 'kubectl is not installed';
  if (process.env['CI'] !== undefined) throw new Error(note);
  skip(note);
}
