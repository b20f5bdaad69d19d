import { createInterface } from 'node:readline';
import type { Workplace } from '../machines/modelled/workplace.ts';

const READY_SECONDS = 30;
const LOG_LINES = 50;

/** What lib/httpserver says once it listens, with the port that it got. */
const LISTENS = /started server at (http:\/\/127\.0\.0\.1:\d+)\//;

/**
 * Starts a server of VictoriaMetrics' making on a free port of the loopback interface, and resolves
 * with its URL. It ends with the workplace.
 */
export async function startServer(
  workplace: Workplace,
  program: string,
  options: readonly string[],
): Promise<string> {
  const child = workplace.start([program, '-httpListenAddr=127.0.0.1:0', ...options], {
    cwd: workplace.directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.stderr === null) throw new Error(`starting ${program}: it has no log`);

  let log: readonly string[] = [];
  const lines = createInterface({ input: child.stderr });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    log = [...log, line].slice(-LOG_LINES);
    const url = LISTENS.exec(line)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(log.join('\n'))));
  const late = new Error(`it did not listen within ${READY_SECONDS} s`);
  const timer = setTimeout(reject, READY_SECONDS * 1000, late);
  try {
    return await promise;
  } catch (cause) {
    throw new Error(`starting ${program}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
