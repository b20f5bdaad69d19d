import { readFile } from 'node:fs/promises';

/** What a process has used so far. */
export interface Usage {
  readonly cpuMilliseconds: number;
  readonly peakBytes: number;
}

/** The kernel counts in hundredths of a second for every program: `man 5 proc_pid_stat`. */
const TICK_MILLISECONDS = 10;

/** The child process of this one whose command line holds the text. Linux alone. */
export async function childRunning(text: string): Promise<number | undefined> {
  const children = await shown(`/proc/self/task/${process.pid}/children`);
  for (const pid of children.split(' ').filter((word) => word !== '')) {
    const words = await shown(`/proc/${pid}/cmdline`);
    if (words.includes(text)) return Number(pid);
  }
  return undefined;
}

/** Undefined where the kernel does not tell. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  const [stat, status] = await Promise.all([
    shown(`/proc/${pid}/stat`),
    shown(`/proc/${pid}/status`),
  ]);
  // The fields after the name, which may hold anything: the 14th and 15th of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (peak === undefined || Number.isNaN(ticks)) return undefined;
  return { cpuMilliseconds: ticks * TICK_MILLISECONDS, peakBytes: Number(peak) * 1024 };
}

async function shown(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
