/**
 * Cleans up after a lab of modelled machines, however the lab ends:
 *
 *   node warden.ts <the lab's directory>
 *
 * The lab writes `+<id>` for each process group it starts and `-<id>` for each that is gone. When the
 * input ends, by `close` or by the death of the lab, the groups left are killed and the directory is
 * removed.
 */

import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { signalGroup } from '../process-end.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('the warden was given no directory');

const groups = new Set<number>();
for await (const line of createInterface({ input: process.stdin })) {
  const group = Number(line.slice(1));
  if (line.startsWith('+')) groups.add(group);
  else groups.delete(group);
}

for (const group of groups) signalGroup(group, 'SIGKILL');
rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
