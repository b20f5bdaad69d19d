import path from 'node:path';
import type { Machine } from '../machines/machine.ts';

/** Whether a machine runs the computer's own kubectl, or the lab's stand-in for it. */
export type Kubectl = 'own' | 'stand-in';

const PROGRAM = path.join(import.meta.dirname, 'kubectl.ts');
const INSTALLED_PATH = '/usr/local/bin/kubectl';

/** Gives a machine the stand-in for kubectl if the computer has none. */
export async function ensureKubectl(machine: Machine): Promise<Kubectl> {
  const found = await machine.run(['sh', '-c', 'command -v kubectl']);
  if (found.exit === 0) return 'own';

  const words = [process.execPath, PROGRAM].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  await machine.write(INSTALLED_PATH, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  const script = `chmod 755 "\${VTEPWATCH_ROOT:-}${INSTALLED_PATH}"`;
  const { exit, stderr } = await machine.run(['sh', '-c', script]);
  if (exit !== 0) throw new Error(`installing kubectl on ${machine.name}: ${stderr.trim()}`);
  return 'stand-in';
}

/** What somebody sees who is logged in on a master and times kubectl. */
export interface TimedGetNodes {
  readonly master: string;
  /** The command, as it is typed there. */
  readonly command: string;
  readonly seconds: number;
  readonly exit: number;
  /** What kubectl printed: the table. */
  readonly lines: readonly string[];
  /** What it complained of. */
  readonly complaints: readonly string[];
}

const GIVE_UP_SECONDS = 150;

/** With a cache of its own, so that every time is a first time, and a home that is removed. */
const SCRIPT = `
PATH=$PATH:\${VTEPWATCH_ROOT:-}/usr/local/bin
home=$(mktemp -d) || exit 1
HOME=$home kubectl --kubeconfig="\${VTEPWATCH_ROOT:-}/etc/kubernetes/admin.conf" --server="$1" --cache-dir="$home" get nodes
status=$?
rm -rf "$home"
exit "$status"`;

/** Times `kubectl get nodes` on several masters at once, each against its own API server.
 * `servers`: the URL of each master's, as the control plane gives it. */
export async function timeGetNodes(
  masters: readonly Machine[],
  servers: ReadonlyMap<string, string>,
): Promise<readonly TimedGetNodes[]> {
  return Promise.all(
    masters.map(async (machine) => {
      const server = servers.get(machine.name);
      if (server === undefined) throw new Error(`timing kubectl on ${machine.name}: no API server`);
      const begin = performance.now();
      const { exit, stdout, stderr } = await machine.run(['sh', '-c', SCRIPT, 'sh', server], {
        timeoutSeconds: GIVE_UP_SECONDS,
      });
      return {
        master: machine.name,
        command: `kubectl --server=${server} get nodes`,
        seconds: (performance.now() - begin) / 1000,
        exit,
        lines: linesOf(stdout),
        complaints: linesOf(stderr),
      };
    }),
  );
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
