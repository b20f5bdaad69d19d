import { createInterface } from 'node:readline';
import type { Workplace } from '../machines/modelled/workplace.ts';

const READY_SECONDS = 30;
const LOG_LINES = 50;

/**
 * Starts a server on a free port of the loopback interface, and resolves with its URL. `listens` finds
 * in its log the address and port that it got. It ends with the workplace.
 */
export async function startServer(
  workplace: Workplace,
  command: readonly string[],
  listens: RegExp,
): Promise<string> {
  const child = workplace.start(command, {
    cwd: workplace.directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const what = `starting ${command.join(' ')}`;
  if (child.stderr === null) throw new Error(`${what}: it has no log`);

  let log: readonly string[] = [];
  const lines = createInterface({ input: child.stderr });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    log = [...log, line].slice(-LOG_LINES);
    const address = listens.exec(line)?.[1];
    if (address !== undefined) resolve(`http://${address}`);
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(log.join('\n'))));
  const late = new Error(`it did not listen within ${READY_SECONDS} s`);
  const timer = setTimeout(reject, READY_SECONDS * 1000, late);
  try {
    return await promise;
  } catch (cause) {
    throw new Error(what, { cause });
  } finally {
    clearTimeout(timer);
  }
}
