import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Machines } from '../../../lab/machines/machine.ts';

/** By what the remains of a lab are known. */
export interface Traces {
  /** The process that ran the lab. */
  readonly lab: number;
  /** The programs started on its machines, as seen from outside. */
  readonly programs: readonly number[];
}

/** Stands in the environment of every program that a lab left running, with the lab's process. */
const MARK = 'VTEPWATCH_LAB_LEFT';

/** Starts, on every machine, a program that never ends and has a child in the background. */
export async function tracesOf({ machines }: Machines): Promise<Traces> {
  const programs = machines.map(async (machine) => {
    const script = 'sleep 1000 & echo started; exec sleep 1000';
    const child = machine.spawn(['sh', '-c', script], { env: { [MARK]: String(process.pid) } });
    await new Promise((resolve) => {
      child.stdout?.once('data', resolve);
    });
    return child.pid ?? 0;
  });
  return { lab: process.pid, programs: await Promise.all(programs) };
}

/** What is still there of a lab: nothing, once it is closed. */
export function leftoversOf(traces: Traces): readonly string[] {
  const title = `vtepwatch-${traces.lab}-`;
  return [
    ...readdirSync(tmpdir()).filter((name) => name.startsWith(title)),
    ...(process.platform === 'linux'
      ? linuxLeftovers(title, `${MARK}=${traces.lab}\0`)
      : traces.programs.filter(isThere).map((pid) => `process ${pid}`)),
  ];
}

function linuxLeftovers(title: string, mark: string): readonly string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter(
      (pid) =>
        read(`/proc/${pid}/cmdline`).includes(title) || read(`/proc/${pid}/environ`).includes(mark),
    );
  const mounts = read('/proc/mounts')
    .split('\n')
    .filter((line) => line.includes('vtepwatch'));
  // Namespaces without a name go with their last process.
  const named = readdirSync('/run').includes('netns') ? readdirSync('/run/netns') : [];
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...mounts,
    ...named.filter((name) => name.includes('vtepwatch')),
  ];
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Processes come and go while they are listed; those of others cannot be read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
