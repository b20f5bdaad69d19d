import { spawn } from 'node:child_process';
import path from 'node:path';
import { RUN_TAG, STACK_TAG } from './agreed.ts';
import type { Step } from './diary.ts';

/** How the CDK is run. */
export interface Cdk {
  /** The program and its first arguments. */
  readonly program: readonly string[];
  readonly region: string;
  /** Where it writes templates. */
  readonly output: string;
}

/** What one `cdk deploy` deploys. */
interface Deployment {
  readonly stack: string;
  readonly trial: string;
  readonly run: string;
  /** The app, and what its context has. */
  readonly words: readonly string[];
}

const ROOT = path.join(import.meta.dirname, '..');

/** The CDK of this checkout. */
export const OWN_CDK: readonly string[] = [
  process.execPath,
  path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'),
];

/** The lines that an error quotes. */
const TAIL_LINES = 12;

/**
 * Deploys a stack. Its output goes to standard error. Where the step ends early, so does the CDK, and this waits
 * for that: nothing may be deployed any more when the destruction begins.
 */
export async function deploy(
  { program, region, output }: Cdk,
  { stack, trial, run, words }: Deployment,
  { signal, awaits }: Step,
): Promise<void> {
  const [file = '', ...first] = program;
  const options = ['--require-approval', 'never', '--no-notices', '--progress', 'events'];
  const tags = ['--tags', `${STACK_TAG}=${trial}`, '--tags', `${RUN_TAG}=${run}`];
  const child = spawn(
    file,
    [...first, 'deploy', stack, ...words, ...options, ...tags, '--output', output],
    {
      cwd: ROOT,
      // A group of its own: Ctrl-C at the terminal reaches the trial, which ends it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PATH: [path.dirname(process.execPath), process.env['PATH'] ?? ''].join(path.delimiter),
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
      },
    },
  );
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      tail.push(...chunk.toString('utf8').split('\n').filter(Boolean));
      tail.splice(0, tail.length - TAIL_LINES);
    });
  }
  const stop = (): void => {
    if (child.pid !== undefined) endGroup(child.pid);
  };
  signal.addEventListener('abort', stop);
  awaits(`the CDK deploys ${stack}`);
  try {
    const exit = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
      if (signal.aborted) stop();
    });
    signal.throwIfAborted();
    if (exit !== 0) throw new Error(`cdk deploy ended with ${exit}: ${tail.join(' ')}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGTERM');
  } catch {
    // It has ended by itself in the meantime.
  }
}
