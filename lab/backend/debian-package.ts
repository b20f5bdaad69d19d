import { spawn } from 'node:child_process';
import path from 'node:path';
import { outcomeOf } from '../machines/process-end.ts';

/** A package of a suite of Debian, which may be a later one than this computer's. */
export interface DebianPackage {
  readonly name: string;
  readonly suite: string;
  /** Those in its `usr/bin` that are wanted. */
  readonly programs: readonly string[];
}

/** An unpacked package, which is not installed, or why it is not to be had on this computer. */
export type FoundPackage =
  | {
      readonly kind: 'found';
      /** What would be `/` if it were installed. */
      readonly root: string;
    }
  | { readonly kind: 'missing'; readonly reason: string };

const SCRIPT = path.join(import.meta.dirname, 'fetch-debian-package.sh');

/** Above the script's own limits. */
const FETCH_SECONDS = 600;

/** Finds it where it was put before, or fetches it, which takes seconds. */
export async function findPackage(
  { name, suite, programs }: DebianPackage,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundPackage> {
  const child = spawn('/bin/sh', [SCRIPT, name, suite, ...programs], {
    detached: true,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { exit, stdout, stderr } = await outcomeOf(child, {
    what: `fetching ${name}`,
    timeoutSeconds: FETCH_SECONDS,
  });
  return exit === 0
    ? { kind: 'found', root: stdout.trim() }
    : { kind: 'missing', reason: stderr.trim().split('\n').at(-1) ?? '' };
}

/** The path of a program of an unpacked package. */
export function programIn(root: string, name: string): string {
  return path.join(root, 'usr', 'bin', name);
}
