import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Outcome } from './machine.ts';

/** How long a program may run where its caller says nothing. */
export const DEFAULT_RUN_SECONDS = 30;

/** Far above all that any program of the lab prints: a flood is a mistake, not an answer. */
const OUTPUT_BYTES = 4 * 1024 * 1024;

/** What a shell exits with for a program that is not there, or may not be run. */
const NOT_STARTED: ReadonlyMap<string | undefined, number> = new Map([
  ['ENOENT', 127],
  ['EACCES', 126],
]);

/** Follows a program that leads a process group to its end and keeps what it printed. The whole
 * group is killed, and the promise rejected, where it outlives `timeoutSeconds` or floods. */
export function outcomeOf(
  child: ChildProcess,
  { what, timeoutSeconds }: { readonly what: string; readonly timeoutSeconds: number },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const stop = (reason: string): void => {
      killGroup(child);
      reject(new Error(`${what}: ${reason}`));
    };
    const timer = setTimeout(stop, timeoutSeconds * 1000, `no end after ${timeoutSeconds} s`);

    let bytes = 0;
    const kept = { stdout: new Array<Buffer>(), stderr: new Array<Buffer>() };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > OUTPUT_BYTES) stop(`more than ${OUTPUT_BYTES} bytes of output`);
        else kept[name].push(chunk);
      });
    }

    child.once('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const exit = NOT_STARTED.get(cause.code);
      if (exit === undefined) reject(new Error(what, { cause }));
      else resolve({ exit, stdout: '', stderr: cause.message });
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        exit: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        stdout: Buffer.concat(kept.stdout).toString(),
        stderr: Buffer.concat(kept.stderr).toString(),
      });
    });
  });
}

/** Kills a group leader and all that is still in its group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
}

/** Whether anybody of the group was there to be signalled. Signal 0 only asks. */
export function signalGroup(group: number, signal: 'SIGKILL' | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** Resolves once the process is gone. */
export function exitOf(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}

/** Gives a program its whole standard input. One that ends without reading it is none the worse. */
export function feed(child: ChildProcess, text: string | undefined): void {
  if (text === undefined) return;
  child.stdin?.on('error', () => {});
  child.stdin?.end(text);
}
