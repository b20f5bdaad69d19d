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
