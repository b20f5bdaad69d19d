import { carryOutBatch } from './carry-out.ts';
import { reprogram } from './flannel.ts';
import { furnish } from './furnish.ts';
import type { Host, Machine, Machines } from './machine.ts';
import { layUnderlay, underlayAddress } from './real/lay-underlay.ts';
import { makeNamespaces } from './real/namespaces.ts';
import type { Namespaces } from './real/namespaces.ts';
import { realMachine } from './real/real-machine.ts';
import { ROSTER } from './roster.ts';

let labs = 0;

/**
 * Makes the hosts as network namespaces with real VXLAN devices. Needs root on Linux, unshare,
 * nsenter and iproute2, and a kernel with veth, bridge, vxlan and overlay; where one is wanting, the
 * error's chain of causes says what was tried and what it answered.
 */
export async function realMachines(): Promise<Machines> {
  if (process.platform !== 'linux') throw new Error(`this is ${process.platform}, not Linux`);
  if (process.getuid?.() !== 0) throw new Error('only root may make network namespaces');

  labs += 1;
  const title = `vtepwatch-${process.pid}-${labs}`;
  const made: Namespaces[] = [];
  const make = async (name: string): Promise<Namespaces> => {
    const namespaces = await makeNamespaces(`${title}-${name}`, name);
    made.push(namespaces);
    return namespaces;
  };

  // Process exit can wait for nothing, and the holders would outlive this process by a moment.
  const killAll = (): void => made.forEach((namespaces) => namespaces.kill());
  process.once('exit', killAll);
  const close = async (): Promise<void> => {
    await Promise.all(made.map((namespaces) => namespaces.release()));
    process.removeListener('exit', killAll);
  };

  try {
    return { kind: 'real', machines: await bringUp(make), close };
  } catch (cause) {
    await close();
    throw new Error('making real hosts in network namespaces', { cause });
  }
}

async function bringUp(make: (name: string) => Promise<Namespaces>): Promise<readonly Machine[]> {
  const makingLan = make('lan');
  const makingEnds = ROSTER.map(async (host) => ({ host, namespaces: await make(host.name) }));
  // All are waited for, lest one be made after the failure of another has closed the rest.
  await Promise.allSettled([makingLan, ...makingEnds]);

  const ends = await Promise.all(makingEnds);
  await layUnderlay(await makingLan, ends);
  return Promise.all(ends.map(({ host, namespaces }) => programmed(host, namespaces)));
}

async function programmed(host: Host, namespaces: Namespaces): Promise<Machine> {
  const machine = realMachine(host, namespaces);
  await carryOutBatch(machine, 'ip', underlayAddress(host));
  await reprogram(machine);
  await furnish(machine);
  return machine;
}
