import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lab/faults.ts';
import { inflict } from '../../../lab/machines/inflict.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { machineNamed, type Machines, type Outcome } from '../../../lab/machines/machine.ts';
import { addPod } from '../../../lab/control-plane/start.ts';
import { realMachines } from '../../../lab/machines/real/machines.ts';
import { CAUSES } from '../../../shared/contract/causes.ts';
import { inMemoryMachines } from './in-memory.ts';
import { NO_REAL_MACHINES } from './needs-root.ts';
import { lines } from './tables.ts';

const COMMANDS = [
  'ip neigh show dev flannel.1',
  'ip neigh show',
  'ip neigh show 10.68.0.0 dev flannel.1',
  'bridge fdb show dev flannel.1',
  'bridge fdb show',
  'ip -4 route show',
  'ip -6 route show',
  'ip route show dev flannel.1',
  'ip -d -o link show type vxlan',
  'ip -o addr show',
  'ip addr show dev flannel.1',
] as const;

const REFUSED = [
  'ip neigh del 10.9.9.9 dev flannel.1',
  'ip neigh flush dev nosuch',
  'ip neigh show dev nosuch',
  'ip neigh replace 10.9.9.9 lladdr 02:00:00:00:00:09 dev nosuch nud permanent',
  'ip route del 10.9.9.0/24 via 10.9.9.0 dev flannel.1',
  'ip route replace 10.9.9.0/24 via 10.9.9.0 dev nosuch onlink',
  'ip route show dev nosuch',
  'ip link del nosuch',
  'ip link set nosuch up',
  'ip link show dev nosuch',
  'ip -o addr show dev nosuch',
  'ip link add flannel.1 type vxlan id 1 local 192.168.1.144 dev eth0 dstport 8472 nolearning',
  'bridge fdb del 02:00:00:00:00:09 dev flannel.1 dst 192.168.1.99 self',
  'bridge fdb replace 02:00:00:00:00:09 dev nosuch dst 192.168.1.99 self permanent',
  'bridge fdb show dev nosuch',
] as const;

/** The modelled programs speak as iproute2 6.1 does; others print the same in other words. */
const skip = NO_REAL_MACHINES || (process.getuid?.() === 0 && !speaks('iproute2-6.1'));

describe.skipIf(skip)('modelled machines print what real ones print', () => {
  let real: Machines;
  let modelled: Machines;
  beforeEach(async () => {
    [real, modelled] = await Promise.all([realMachines(), inMemoryMachines()]);
  });
  afterEach(() => real?.close());

  test('when nothing is wrong', async () => {
    expect(await textsOf(modelled)).toEqual(await textsOf(real));
  });

  test.for(CAUSES)('after %s', async (cause) => {
    await Promise.all([real, modelled].map((lab) => inflict(lab, FAULTS[cause].damage)));
    expect(await textsOf(modelled)).toEqual(await textsOf(real));
  });

  test('after a link went down and flannel was restarted', async () => {
    for (const lab of [real, modelled]) {
      const node2 = machineNamed(lab, 'node2');
      await node2.run(['ip', 'link', 'set', 'flannel.1', 'down']);
    }
    expect(await textsOf(modelled)).toEqual(await textsOf(real));
    for (const lab of [real, modelled]) await reprogram(machineNamed(lab, 'node2'));
    expect(await textsOf(modelled)).toEqual(await textsOf(real));
  });

  test('about the route to the pods of the host itself', async () => {
    for (const lab of [real, modelled]) await addPod(machineNamed(lab, 'node2'), '10.68.4.133');
    await expect
      .poll(() => lines(machineNamed(real, 'node2'), 'ip -4 route show'), { timeout: 10_000 })
      .toEqual(await lines(machineNamed(modelled, 'node2'), 'ip -4 route show'));
  });

  test('when they refuse', async () => {
    const refusals = await refusalsOf(real);
    expect(refusals.map(({ exit }) => exit)).not.toContain(0);
    expect(await refusalsOf(modelled)).toMatchObject(refusals);
  });

  test('when a batch breaks off', async () => {
    const stdin = 'link show dev lo\nlink show dev nosuch\nlink del flannel.1\n';
    const [one, other] = await Promise.all(
      [real, modelled].map(async (lab) =>
        machineNamed(lab, 'node2').run(['ip', '-batch', '-'], { stdin }),
      ),
    );
    expect(other).toMatchObject({ ...one });
    expect(await textsOf(modelled)).toEqual(await textsOf(real));
  });
});

/** What a kernel gives a bridge by itself: groups and addresses, of a MAC that it chose; its carrier comes and goes. */
const OF_BRIDGES = /^(?:[0-9a-f:]{17} dev cni0|fe80::.* dev cni0|\d+: cni0 +inet6) /;

/** What the machines print, but for what depends on the kernel's version, and for what it gives a bridge. */
async function textsOf({ machines }: Machines): Promise<object> {
  const texts = machines.flatMap((machine) =>
    COMMANDS.map(async (command) => {
      const printed = await lines(machine, command);
      return [
        `${machine.name}: ${command}`,
        printed
          .filter((line) => !OF_BRIDGES.test(line))
          .map((line) =>
            line.replace(/ gso_max_size .*/, '').replace(/( dev cni0 .*) linkdown$/, '$1'),
          ),
      ];
    }),
  );
  return Object.fromEntries(await Promise.all(texts));
}

async function refusalsOf(lab: Machines): Promise<readonly (Outcome & { command: string })[]> {
  return Promise.all(
    REFUSED.map(async (command) => ({
      command,
      ...(await machineNamed(lab, 'node2').run(command.split(' '))),
    })),
  );
}

function speaks(version: string): boolean {
  return execFileSync('ip', ['-V']).toString().includes(version);
}
