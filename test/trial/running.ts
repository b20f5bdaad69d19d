import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Environment } from '../cli/deployed.ts';
import type { Account } from './account.ts';
import type { Evidence } from '../../trial/evidence.ts';

export const PROGRAM = path.join(import.meta.dirname, '..', '..', 'trial', 'try-aws.ts');
export const CDK = path.join(import.meta.dirname, 'cdk-of-the-lab.ts');

interface EndedTrial {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the evidence file has; undefined where none was written. */
  readonly evidence: Evidence | undefined;
}

interface RunningTrial {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedTrial>;
}

/** What happens in the account when a trial prints a line with this. */
interface Event {
  readonly at: string;
  readonly act: (child: ChildProcess) => unknown;
}

/** The same for somebody who has agreed beforehand; ended with the test. */
export async function trial(
  { env }: Pick<Account, 'env'>,
  words: readonly string[] = [],
  event?: Event,
): Promise<EndedTrial> {
  const { child, ended } = beginTrial(env, ['--yes', ...words], event);
  onTestFinished(() => void child.kill('SIGKILL'));
  return await ended;
}

/** Runs `npm run try:aws` as a person does, with the lab's CDK. */
export function beginTrial(
  env: Environment,
  words: readonly string[],
  event?: Event,
): RunningTrial {
  const folder = mkdtempSync(path.join(tmpdir(), 'vtepwatch-evidence-'));
  const file = path.join(folder, 'evidence.json');
  const child = spawn(process.execPath, [PROGRAM, '--cdk', CDK, '--evidence', file, ...words], {
    env: {
      PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let hasHappened = false;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (hasHappened || event === undefined || !line.includes(event.at)) return;
    hasHappened = true;
    event.act(child);
  });
  return { child, ended: endOf(child, file) };
}

async function endOf(
  child: ReturnType<typeof beginTrial>['child'],
  file: string,
): Promise<EndedTrial> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the trial has no output');
  // A test may close the pipes.
  const [printed, remarks] = await Promise.all([
    text(stdout).catch(() => ''),
    text(stderr).catch(() => ''),
    once(child, 'close'),
  ]);
  const evidence = read(file);
  rmSync(path.dirname(file), { recursive: true, force: true });
  return { exit: child.exitCode, stdout: printed, stderr: remarks, evidence };
}

function read(file: string): Evidence | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
