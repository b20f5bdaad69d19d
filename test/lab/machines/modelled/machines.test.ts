import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../../lab/faults.ts';
import { inflict } from '../../../../lab/machines/inflict.ts';
import { reprogram } from '../../../../lab/machines/flannel.ts';
import { type Machine, machineNamed, type Machines } from '../../../../lab/machines/machine.ts';
import { modelledMachines } from '../../../../lab/machines/modelled/machines.ts';
import { ROSTER } from '../../../../lab/machines/roster.ts';
import { inMemoryMachines } from '../in-memory.ts';
import { heldBy, lines } from '../tables.ts';

const run = promisify(execFile);

const NOBODY = '65534';
const NAMES = ROSTER.map(({ name }) => name);

describe('modelledMachines', () => {
  let lab: Machines;
  beforeAll(async () => {
    lab = await modelledMachines();
  });
  afterAll(() => lab?.close());
  const machine = (name: string): Machine => machineNamed(lab, name);
  const shell = async (name: string, script: string): Promise<string> =>
    (await machine(name).run(['sh', '-c', script])).stdout;

  test('their programs print what the model holds', async () => {
    const model = await inMemoryMachines();
    for (const name of NAMES) {
      expect(await heldBy(machine(name))).toEqual(await heldBy(machineNamed(model, name)));
    }
  });

  test('a fault changes what they print, and flannel mends it', async () => {
    const before = await heldBy(machine('node2'));
    await inflict(lab, FAULTS['neighbour-missing'].damage);
    const broken = await heldBy(machine('node2'));
    expect(broken.neighbours).toHaveLength(4);
    expect(broken.fdb).toEqual(before.fdb);
    for (const each of lab.machines) await reprogram(each);
    expect(await heldBy(machine('node2'))).toEqual(before);
  });

  test('of many changes at once none is lost', async () => {
    const ips = Array.from({ length: 8 }, (_, index) => `10.9.${index}.0`);
    await Promise.all(
      ips.map(async (ip) =>
        machine('node3').run(
          `ip neigh replace ${ip} lladdr 02:00:00:00:00:09 dev flannel.1`.split(' '),
        ),
      ),
    );
    const held = await lines(machine('node3'), 'ip neigh show dev flannel.1');
    expect(held.filter((line) => line.startsWith('10.9.'))).toHaveLength(ips.length);
  });

  test('each has a name, a boot id and files of its own', async () => {
    const asked = async (script: string): Promise<readonly string[]> =>
      Promise.all(NAMES.map(async (name) => (await shell(name, script)).trim()));
    expect(await asked('uname -n')).toEqual(NAMES);
    const bootIds = await asked('cat "$VTEPWATCH_ROOT/proc/sys/kernel/random/boot_id"');
    expect(new Set(bootIds).size).toBe(NAMES.length);
    expect(await asked('ls "$VTEPWATCH_ROOT/etc/cni/net.d"')).toEqual(
      NAMES.map(() => '10-canal.conflist'),
    );
  });

  test('their uname is that of the computer, but for the name', async () => {
    expect(await shell('node1', 'uname -s')).toBe((await run('uname', ['-s'])).stdout);
  });

  test('their uptime goes on', async () => {
    const script = 'cat "$VTEPWATCH_ROOT/proc/uptime"';
    const before = await shell('node1', script);
    expect(before).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
    await expect
      .poll(async () => Number.parseFloat(await shell('node1', script)), { timeout: 10_000 })
      .toBeGreaterThan(Number.parseFloat(before));
  });

  test('a program that was written for them is found', async () => {
    await machine('master1').write('/usr/local/bin/kubectl', '#!/bin/sh\necho stand-in\n');
    await shell('master1', 'chmod 755 "$VTEPWATCH_ROOT/usr/local/bin/kubectl"');
    expect(await shell('master1', 'kubectl')).toBe('stand-in\n');
  });

  test('what is not modelled is refused, and no answer is made up', async () => {
    expect(await machine('node1').run(['ip', '-j', 'neigh', 'show'])).toEqual({
      exit: 255,
      stdout: '',
      stderr: 'not modelled: ip -j neigh show\n',
    });
  });

  test.skipIf(process.getuid?.() !== 0)('need no privilege', async () => {
    const printMade = path.join(import.meta.dirname, '../print-made.ts');
    const ids = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'];
    const { stdout } = await run('setpriv', [...ids, process.execPath, printMade], {
      env: { PATH: process.env['PATH'] },
    });
    expect(JSON.parse(stdout)).toEqual({
      kind: 'modelled',
      reason: 'only root may make network namespaces',
    });
  });
});
