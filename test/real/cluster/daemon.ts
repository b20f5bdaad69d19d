import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine, SpawnOptions } from '../../../lab/machines/machine.ts';

/** A program that runs on a host until it is ended. */
export interface Daemon {
  readonly running: boolean;
  /** The latest lines that it wrote. */
  readonly log: readonly string[];
  /** Asks it to end, as a service manager does, and waits until it has. */
  end(): Promise<void>;
  /** Lets it neither run nor end, or go on. */
  freeze(): void;
  thaw(): void;
}

const LOG_LINES = 200;
const PATIENCE_SECONDS = 10;

export function startDaemon(
  machine: Machine,
  command: readonly string[],
  options: SpawnOptions = {},
): Daemon {
  const child = machine.spawn(command, options);
  const log: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      log.push(line);
      if (log.length > 2 * LOG_LINES) log.splice(0, LOG_LINES);
    });
  }
  let running = true;
  // What entered the namespaces ends before the program itself, which holds the streams to its end.
  child.once('close', () => {
    running = false;
  });
  return {
    get running() {
      return running;
    },
    log,
    freeze: () => signal(child, 'SIGSTOP'),
    thaw: () => signal(child, 'SIGCONT'),
    end: async () => {
      if (!running) return;
      const closed = once(child, 'close');
      signal(child, 'SIGTERM');
      const timer = setTimeout(() => signal(child, 'SIGKILL'), PATIENCE_SECONDS * 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // All of the group have ended.
  }
}

const POLL_MILLISECONDS = 200;

/** Waits until something is so; throws where it is not within `seconds`. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(POLL_MILLISECONDS);
  }
}
