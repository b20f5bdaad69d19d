import path from 'node:path';
import { reprogram } from './flannel.ts';
import { furnish } from './furnish.ts';
import type { Machines } from './machine.ts';
import { keepUptime } from './modelled/keep-uptime.ts';
import { modelledMachine, rootOf } from './modelled/modelled-machine.ts';
import { openWorkplace } from './modelled/workplace.ts';
import { ROSTER } from './roster.ts';

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
