import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lab/faults/registry.ts';
import { reprogram } from '../../../lab/machines/flannel.ts';
import { machineNamed, type Machines } from '../../../lab/machines/machine.ts';
import { realMachines } from '../../../lab/machines/real/machines.ts';
import { CAUSES } from '../../../shared/contract/causes.ts';
import { inMemoryMachines } from '../machines/in-memory.ts';
import { NO_REAL_MACHINES } from '../machines/needs-root.ts';
import { heldBy, lines } from '../machines/tables.ts';
import type { Held } from '../machines/tables.ts';
import { EXPECTED_TABLES } from './expected-tables.ts';

describe.for(['real', 'modelled'] as const)('on %s machines', (kind) => {
  const skip = kind === 'real' && NO_REAL_MACHINES;
  let lab: Machines;
  beforeEach(async () => {
    if (!skip) lab = await (kind === 'real' ? realMachines() : inMemoryMachines());
  });
  afterEach(() => lab?.close());

  test.skipIf(skip).for(CAUSES)('%s leaves exactly the tables it names', async (cause) => {
    const before = await heldByAll(lab);
    await FAULTS[cause].inject(lab);
    expect(await heldByAll(lab)).toEqual(
      new Map([...before].map(([name, held]) => [name, EXPECTED_TABLES[cause](held, name)])),
    );

    // Flannel mends it all where its devices are made anew.
    for (const machine of lab.machines) {
      await machine.run(['ip', 'link', 'del', 'flannel.1']);
      await reprogram(machine);
    }
    expect(await heldByAll(lab)).toEqual(before);
  });

  test.skipIf(skip)('a missing device is a device that is not there', async () => {
    await FAULTS['device-missing'].inject(lab);
    expect(await lines(machineNamed(lab, 'node2'), 'ip -d -o link show type vxlan')).toEqual([]);
  });

  test.skipIf(skip)('a device without entries has its old MAC and its address', async () => {
    await FAULTS['tables-empty'].inject(lab);
    const node2 = machineNamed(lab, 'node2');
    const [device] = await lines(node2, 'ip -d -o link show type vxlan');
    expect(device).toMatch(/UP,LOWER_UP.* link\/ether 82:67:5d:5f:43:3b /);
    expect((await lines(node2, 'ip -o addr show')).join('\n')).toContain('inet 10.68.4.0/32');
  });

  test.skipIf(skip)('a drifted device has a MAC that nobody was told of', async () => {
    await FAULTS['mac-drift'].inject(lab);
    const [device] = await lines(machineNamed(lab, 'master1'), 'ip -d -o link show type vxlan');
    expect(device).not.toContain('36:9b:9c:53:4a:10');
  });
});

describe('FAULTS', () => {
  test.for(CAUSES)('%s is told in one sentence, and names hosts of the lab', async (cause) => {
    const { told, subject, observers, cause: own } = FAULTS[cause];
    const lab = await inMemoryMachines();
    expect(own).toBe(cause);
    expect(told).toMatch(/^[A-Z\w].*[^.]\.$/);
    expect(observers.map((name) => machineNamed(lab, name).name)).toEqual(observers);
    expect(observers).not.toContain(subject);
  });
});

async function heldByAll({ machines }: Machines): Promise<ReadonlyMap<string, Held>> {
  return new Map(
    await Promise.all(
      machines.map(async (machine) => [machine.name, await heldBy(machine)] as const),
    ),
  );
}
