import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { SpawnOptions } from '../machine.ts';
import { exitOf, feed, killGroup } from '../process-end.ts';

/** A host's namespaces (network, UTS, IPC, mount, PID), which live as long as their holder. */
export interface Namespaces {
  /** A process in all of them but the PID namespace, by its id outside. */
  readonly pid: number;
  /** Starts a program inside all of them, as the leader of a process group. */
  spawn(command: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Ends the holder, and with it every process inside and the namespaces. */
  release(): Promise<void>;
  /** The same at once, for a process that is about to exit. */
  kill(): void;
}

/** What programs on a host find in their environment. */
export const HOST_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  // Its own file system, in memory: a probe that is killed cannot tidy up, and leaves nothing.
  TMPDIR: '/var/lib/kubelet',
};

const HOLD_SCRIPT = path.join(import.meta.dirname, 'hold.sh');
const FURNISH_SECONDS = 10;
const RELEASE_SECONDS = 5;
const COMPLAINT_CHARACTERS = 1000;

/**
 * Makes a host's namespaces. `title` is how the holder shows in a process list.
 *
 * Nothing has a name in the file system that could be left behind: the holder's standard input is a
 * pipe from this process, so the end of this process, even by SIGKILL, ends the holder; the holder
 * is the first process of its PID namespace, so its end kills every process inside; and with the
 * last process the kernel removes the devices and mounts.
 */
export async function makeNamespaces(title: string, hostName: string): Promise<Namespaces> {
  const kinds = ['--net', '--uts', '--ipc', '--mount', '--pid', '--mount-proc'];
  const holder = spawn(
    'unshare',
    [...kinds, '--fork', '--kill-child', 'sh', HOLD_SCRIPT, hostName, randomUUID(), title],
    // A group of its own, for Ctrl-C must reach the lab alone, which then closes in order.
    { cwd: '/', detached: true, env: HOST_ENVIRONMENT },
  );
  holder.stdin.on('error', () => {});
  await readiness(holder, `making the namespaces of ${hostName} with unshare and mount`);

  const pid = holder.pid ?? 0;
  const enter = enterArguments(pid);
  const running = new Set<ChildProcess>();
  return {
    pid,
    spawn(command, { env, stdin } = {}) {
      if (holder.exitCode !== null || holder.signalCode !== null) {
        throw new Error(`running ${command.join(' ')} on ${hostName}: the host is gone`);
      }
      const child = spawn('nsenter', [...enter, ...command], {
        cwd: '/',
        detached: true,
        env: { ...HOST_ENVIRONMENT, ...env },
        stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      feed(child, stdin);
      return child;
    },
    async release() {
      holder.stdin.end();
      const timer = setTimeout(() => killGroup(holder), RELEASE_SECONDS * 1000);
      await Promise.all([holder, ...running].map((child) => exitOf(child)));
      clearTimeout(timer);
    },
    kill: () => killGroup(holder),
  };
}

/** Waits for the holder's `ready`. What it says in its place is why there is no host. */
function readiness(holder: ChildProcess, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    const timer = setTimeout(() => killGroup(holder), FURNISH_SECONDS * 1000);
    holder.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(0, COMPLAINT_CHARACTERS);
    });
    holder.stdout?.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    holder.once('error', (cause) => {
      clearTimeout(timer);
      reject(new Error(what, { cause }));
    });
    holder.once('close', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`${what}: ${signal ?? `exit ${code}`}: ${complaint.trim()}`));
    });
  });
}

function enterArguments(pid: number): readonly string[] {
  const of = `/proc/${pid}/ns`;
  const kinds = [`--net=${of}/net`, `--uts=${of}/uts`, `--ipc=${of}/ipc`, `--mount=${of}/mnt`];
  return [...kinds, `--pid=${of}/pid_for_children`, '--'];
}
