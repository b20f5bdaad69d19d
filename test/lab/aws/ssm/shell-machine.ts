/** A machine that is a directory of this computer: programs run here, its files are below `root`. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Machine, Outcome, SpawnOptions } from '../../../../lab/machines/machine.ts';

export interface ShellMachine extends Machine {
  readonly root: string;
  remove(): Promise<void>;
}

export async function shellMachine(name: string, number: number): Promise<ShellMachine> {
  const root = await mkdtemp(path.join(tmpdir(), 'vtepwatch-machine-'));
  const start = (command: readonly string[], options: SpawnOptions = {}): ChildProcess => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      detached: true,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: root,
        VTEPWATCH_ROOT: root,
        ...options.env,
      },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    return child;
  };
  return {
    name,
    instanceId: instanceIdOf(number),
    master: false,
    underlayIp: `192.168.1.${number}`,
    tunnelIp: `10.68.${number}.0`,
    podCidr: `10.68.${number}.0/24`,
    vtepMac: '36:9b:9c:53:4a:10',
    root,
    spawn: start,
    run: async (command, options) => endOf(start(command, options)),
    write: async (file, text) => {
      const place = path.join(root, file);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, text);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** For nodes whose answers are given: nothing can be started on it. */
export function absentMachine(number: number): Machine {
  return {
    name: `node${number}`,
    instanceId: instanceIdOf(number),
    master: false,
    underlayIp: '192.0.2.1',
    tunnelIp: '10.68.0.0',
    podCidr: '10.68.0.0/24',
    vtepMac: '36:9b:9c:53:4a:10',
    spawn: refuse,
    run: refuse,
    write: refuse,
  };
}

function refuse(): never {
  throw new Error('Nothing runs on this machine.');
}

export function instanceIdOf(number: number): string {
  return `mi-${String(number).padStart(17, '0')}`;
}

async function endOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    texts.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ exit: code ?? 1, ...texts });
    });
  });
}
