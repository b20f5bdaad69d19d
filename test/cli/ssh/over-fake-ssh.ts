import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startControlPlane } from '../../../lab/control-plane/start.ts';
import type { Machines } from '../../../lab/machines/machine.ts';
import { makeMachines } from '../../../lab/machines/make.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/**
 * A program named `ssh` stands in for OpenSSH: it takes the words that vtepwatch gives it, and runs the remote
 * command in a shell of a modelled host. What a host does instead stands in a file with its name.
 */
const SSH = `#!/bin/sh
here=\${0%/*}
printf '%s\\n' "$*" >>"$here/calls"
while [ "$1" != -- ]; do shift; done
target=$2 remote=$3 host=\${2#*@}
if [ -f "$here/$host.does" ]; then . "$here/$host.does"; fi
. "$here/$host.env"
exec sh -c "$remote"
`;

const SUDO = `#!/bin/sh
[ "$1" = -n ] || exit 3
shift
exec "$@"
`;

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The hosts of a modelled cluster, as ssh reaches them. */
interface OverFakeSsh {
  readonly machines: Machines;
  /** Where the programs and their files are. */
  readonly bin: string;
  /** What a host does when ssh reaches it, as lines for sh. */
  does(host: string, script: string): void;
  /** Another name for a host. */
  alias(host: string, alias: string): void;
  /** The words that ssh was given, a call a line. */
  calls(): readonly string[];
  vtepwatch(words: readonly string[]): Promise<Ended>;
  /** Hosts do again what they do of themselves. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function overFakeSsh(): Promise<OverFakeSsh> {
  const machines = await makeMachines({ prefer: 'modelled' });
  const controlPlane = await startControlPlane(machines, { discovery: 'aggregated' });
  const bin = mkdtempSync(path.join(tmpdir(), 'vtepwatch-ssh-'));
  const at = (name: string): string => path.join(bin, name);
  const reset = async (): Promise<void> => {
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    for (const [name, text] of [
      ['ssh', SSH],
      ['sudo', SUDO],
    ] as const) {
      writeFileSync(at(name), text);
      chmodSync(at(name), 0o755);
    }
    for (const machine of machines.machines) {
      const { stdout } = await machine.run(['sh', '-c', 'export -p']);
      // In front, since the computer may have a sudo of its own, which leaves the modelled host.
      writeFileSync(at(`${machine.name}.env`), `${stdout}PATH=${bin}:$PATH\n`);
    }
  };
  await reset();
  return {
    machines,
    bin,
    reset,
    does: (host, script) => writeFileSync(at(`${host}.does`), `${script}\n`),
    alias: (host, alias) => writeFileSync(at(`${alias}.env`), readFileSync(at(`${host}.env`))),
    calls: () =>
      existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trimEnd().split('\n') : [],
    vtepwatch: async (words) => await run(words, bin),
    close: async () => {
      rmSync(bin, { recursive: true, force: true });
      await controlPlane.close();
      await machines.close();
    },
  };
}

async function run(words: readonly string[], bin: string): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli/vtepwatch.ts'), ...words], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exit, stdout, stderr };
}
