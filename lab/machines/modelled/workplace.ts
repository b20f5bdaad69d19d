import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exitOf, killGroup, signalGroup } from '../process-end.ts';

/** A directory and the process groups started from it, which end together. */
export interface Workplace {
  readonly directory: string;
  /** Starts a program as the leader of a process group. */
  start(command: readonly string[], options: SpawnOptions): ChildProcess;
  /** Ends all groups and removes the directory. */
  close(): Promise<void>;
}

const WARDEN = path.join(import.meta.dirname, 'warden.ts');
const CLOSE_SECONDS = 5;

/** Opens a workplace. Its warden is a process of its own, so that it outlives a killed lab. */
export async function openWorkplace(): Promise<Workplace> {
  const directory = await mkdtemp(path.join(tmpdir(), `vtepwatch-${process.pid}-`));
  const warden = spawn(process.execPath, [WARDEN, directory], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  warden.stdin.on('error', () => {});

  const running = new Set<ChildProcess>();
  return {
    directory,
    start([program = '', ...operands], options) {
      if (warden.exitCode !== null) throw new Error(`running ${program}: the host is gone`);
      const child = spawn(program, operands, { ...options, detached: true });
      if (child.pid === undefined) return child;
      const group = child.pid;
      running.add(child);
      warden.stdin.write(`+${group}\n`);
      child.once('exit', () => {
        running.delete(child);
        // What a program leaves running in its group stays the warden's.
        if (!signalGroup(group, 0)) warden.stdin.write(`-${group}\n`);
      });
      return child;
    },
    async close() {
      warden.stdin.end();
      const timer = setTimeout(() => killGroup(warden), CLOSE_SECONDS * 1000);
      await Promise.all([warden, ...running].map((process) => exitOf(process)));
      clearTimeout(timer);
    },
  };
}
