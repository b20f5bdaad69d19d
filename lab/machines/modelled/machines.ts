import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { furnish, reprogram } from '../flannel.ts';
import {
  assertOwnPath,
  type Host,
  type Machine,
  type Machines,
  type RunOptions,
  type SpawnOptions,
} from '../machine.ts';
import { DEFAULT_RUN_SECONDS, feed, outcomeOf } from '../process-end.ts';
import { ROSTER } from '../roster.ts';
import { cabled } from './kernel.ts';
import { modelFileOf, writeModel } from './store.ts';
import { openWorkplace, type Workplace } from './workplace.ts';

/** Makes the hosts as directories with programs that answer for their kernels. Needs only Node and
 * a POSIX shell, and no privilege. Packets there are none: the tables are all there is. */
export async function modelledMachines(): Promise<Machines> {
  const workplace = await openWorkplace();
  try {
    const machines = await Promise.all(
      ROSTER.map(async (host) => {
        const machine = await modelledMachine(host, workplace);
        await reprogram(machine);
        await furnish(machine);
        return machine;
      }),
    );
    const uptimes = ROSTER.map((host) => path.join(rootOf(host, workplace), 'proc/uptime'));
    const stopUptimes = keepUptime(uptimes);
    const close = (): Promise<void> => {
      stopUptimes();
      return workplace.close();
    };
    return { kind: 'modelled', machines, close };
  } catch (cause) {
    await workplace.close();
    throw new Error('making modelled hosts', { cause });
  }
}

const PROGRAM = path.join(import.meta.dirname, 'program.ts');

/**
 * A host that is a directory: `root`, its file system as far as it is read; `bin`, the programs
 * that answer for its kernel; `model.json`, what that kernel would know. Programs run on the
 * computer itself, with `bin` and what was written below /usr/local/bin first on their PATH, and
 * `VTEPWATCH_ROOT` naming `root`.
 */
async function modelledMachine(host: Host, workplace: Workplace): Promise<Machine> {
  const home = path.join(workplace.directory, host.name);
  const root = rootOf(host, workplace);
  const bin = path.join(home, 'bin');
  await installPrograms(host, { bin, root, cache: path.join(workplace.directory, 'cache') });
  await installProc(root);
  writeModel(modelFileOf(root), cabled(host));

  const programs = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  const environment = {
    PATH: [path.join(root, 'usr/local/bin'), bin, programs].join(':'),
    HOME: root,
    TMPDIR: root,
    VTEPWATCH_ROOT: root,
  };
  const spawn = (
    command: readonly string[],
    { env, stdin }: SpawnOptions = {},
  ): ReturnType<Machine['spawn']> => {
    const child = workplace.start(command, {
      cwd: root,
      env: { ...environment, ...env },
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    feed(child, stdin);
    return child;
  };

  return {
    ...host,
    spawn,
    run: (command, options: RunOptions = {}) =>
      outcomeOf(spawn(command, options), {
        what: `running ${command.join(' ')} on ${host.name}`,
        timeoutSeconds: options.timeoutSeconds ?? DEFAULT_RUN_SECONDS,
      }),
    async write(file, text) {
      assertOwnPath(host.name, file);
      const place = path.join(root, file);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, text);
    },
  };
}

/** Where a host's file system begins. */
function rootOf(host: Host, workplace: Workplace): string {
  return path.join(workplace.directory, host.name, 'root');
}

async function installPrograms(
  host: Host,
  places: { readonly bin: string; readonly root: string; readonly cache: string },
): Promise<void> {
  await mkdir(places.bin, { recursive: true });
  const install = (name: string, script: string): Promise<void> =>
    writeFile(path.join(places.bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  // The compiled program is kept: a host is looked at by a dozen short commands.
  const start = `NODE_COMPILE_CACHE=${quoted(places.cache)} exec ${quoted(process.execPath)} ${quoted(PROGRAM)}`;
  const model = quoted(modelFileOf(places.root));
  await install('ip', `${start} ip ${model} "$@"`);
  await install('bridge', `${start} bridge ${model} "$@"`);
  // No firewall of the computer's own may change.
  await install('nft', ':');
  await install(
    'uname',
    `case "$*" in -n) echo ${quoted(host.name)} ;; *) command -p uname "$@" ;; esac`,
  );
}

/** What is read of /proc, but for the uptime, which has to go on. */
async function installProc(root: string): Promise<void> {
  await mkdir(path.join(root, 'proc/sys/kernel/random'), { recursive: true });
  await writeFile(path.join(root, 'proc/sys/kernel/random/boot_id'), `${randomUUID()}\n`);
}

/** As one word of a shell command. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How exactly a script on a modelled machine can measure time. */
const TICK_MS = 100;

/** Hosts that have long been up: a young one is not judged. */
const BOOTED_SECONDS_AGO = 10 * 24 * 3600;

/** Keeps files like Linux's /proc/uptime going, for systems that have none. Ends with the returned
 * function. */
function keepUptime(files: readonly string[]): () => void {
  const write = (): void => {
    const uptime = (BOOTED_SECONDS_AGO + performance.now() / 1000).toFixed(2);
    for (const file of files) {
      writeFileSync(`${file}.next`, `${uptime} ${uptime}\n`);
      renameSync(`${file}.next`, file);
    }
  };
  write();
  const timer = setInterval(write, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
