import { spawn } from 'node:child_process';
import path from 'node:path';
import { outcomeOf } from '../machines/process-end.ts';

/** VictoriaMetrics' programs, or why they are not to be had on this computer. */
export type Programs =
  | { readonly kind: 'found'; readonly directory: string }
  | { readonly kind: 'missing'; readonly reason: string };

const SCRIPT = path.join(import.meta.dirname, 'fetch-victoria-metrics.sh');

/** Above the script's own limits. */
const FETCH_SECONDS = 600;

/** Finds them where they were put before, or fetches them, which takes seconds. */
export async function findPrograms(env: NodeJS.ProcessEnv = process.env): Promise<Programs> {
  const child = spawn('/bin/sh', [SCRIPT], {
    detached: true,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { exit, stdout, stderr } = await outcomeOf(child, {
    what: 'fetching VictoriaMetrics',
    timeoutSeconds: FETCH_SECONDS,
  });
  return exit === 0
    ? { kind: 'found', directory: stdout.trim() }
    : { kind: 'missing', reason: stderr.trim().split('\n').at(-1) ?? '' };
}
