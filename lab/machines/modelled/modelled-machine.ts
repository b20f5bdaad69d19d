import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host, Machine, RunOptions, SpawnOptions } from '../machine.ts';
import { cabled } from '../model/cabled.ts';
import { writeModel } from '../model/store.ts';
import { assertOwnPath } from '../own-path.ts';
import { DEFAULT_RUN_SECONDS, feed, outcomeOf } from '../process-end.ts';
import type { Workplace } from './workplace.ts';

const PROGRAM = path.join(import.meta.dirname, '..', 'model', 'program.ts');

/**
 * A host that is a directory: `root`, its file system as far as it is read; `bin`, the programs
 * that answer for its kernel; `model.json`, what that kernel would know. Programs run on the
 * computer itself, with `bin` and what was written below /usr/local/bin first on their PATH, and
 * `VTEPWATCH_ROOT` naming `root`.
 */
export async function modelledMachine(host: Host, workplace: Workplace): Promise<Machine> {
  const home = path.join(workplace.directory, host.name);
  const root = rootOf(host, workplace);
  const bin = path.join(home, 'bin');
  await installPrograms(host, { bin, home, cache: path.join(workplace.directory, 'cache') });
  await installProc(root);
  writeModel(path.join(home, 'model.json'), cabled(host));

  const programs = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  const environment = {
    PATH: [bin, path.join(root, 'usr/local/bin'), programs].join(':'),
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
export function rootOf(host: Host, workplace: Workplace): string {
  return path.join(workplace.directory, host.name, 'root');
}

async function installPrograms(
  host: Host,
  places: { readonly bin: string; readonly home: string; readonly cache: string },
): Promise<void> {
  await mkdir(places.bin, { recursive: true });
  const install = (name: string, script: string): Promise<void> =>
    writeFile(path.join(places.bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  // The compiled program is kept: a host is looked at by a dozen short commands.
  const start = `NODE_COMPILE_CACHE=${quoted(places.cache)} exec ${quoted(process.execPath)} ${quoted(PROGRAM)}`;
  const model = quoted(path.join(places.home, 'model.json'));
  await install('ip', `${start} ip ${model} "$@"`);
  await install('bridge', `${start} bridge ${model} "$@"`);
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
