import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Damage } from '../../lab/damage.ts';
import { FAULTS } from '../../lab/faults.ts';
import { inflict, isOfAgent } from '../../lab/machines/inflict.ts';
import { machineNamed, type Machines } from '../../lab/machines/machine.ts';
import { realMachines } from '../../lab/machines/real/machines.ts';
import { ROSTER } from '../../lab/machines/roster.ts';
import { simulateCluster } from '../../lab/machines/simulated/cluster.ts';
import { CAUSES } from '../../shared/contract/causes.ts';
import { held, tablesIn, tablesOf } from './machines/held.ts';
import { inMemoryMachines } from './machines/in-memory.ts';
import { NO_REAL_MACHINES } from './machines/needs-root.ts';

const ON = { on: ['node2'] } as const;

/** What no fault of the lab consists of, or not alone. */
const DAMAGES: Readonly<Record<string, readonly Damage[]>> = {
  nothing: [],
  'losses here and there': [{ kind: 'lost-at-random', share: 0.3, seed: 3 }],
  ghosts: [{ kind: 'ghosts', on: 'all', each: 7 }],
  'half a table': [{ kind: 'half-written', ...ON, share: 0.5 }],
  'a device that is down': [{ kind: 'device-down', ...ON }],
  'flannel restarted after a loss': [
    ...FAULTS['neighbours-and-routes-lost'].damage,
    { kind: 'flannel-restarted', ...ON },
  ],
  'flannel restarted where a peer has a former MAC': [
    ...FAULTS['stale-mac'].damage,
    { kind: 'flannel-restarted', ...ON },
  ],
  'a reboot': [{ kind: 'rebooted', ...ON, flanneldSeconds: 0 }],
  'a reboot before flanneld': [{ kind: 'rebooted', ...ON, flanneldSeconds: 600 }],
};

const CASES: Readonly<Record<string, readonly Damage[]>> = {
  ...Object.fromEntries(CAUSES.map((cause) => [cause, FAULTS[cause].damage])),
  ...DAMAGES,
};

/** Hosts of two makes suffer the same, by the kernel's rules and by what the simulation knows of them. */
describe.for(['real', 'modelled'] as const)(
  'a %s machine holds what a simulated host holds',
  (kind) => {
    const skip = kind === 'real' && NO_REAL_MACHINES;
    let lab: Machines;
    beforeEach(async () => {
      if (!skip) lab = await (kind === 'real' ? realMachines() : inMemoryMachines());
    });
    afterEach(() => lab?.close());

    test.skipIf(skip).for(Object.keys(CASES))('after %s', async (name) => {
      const damages = CASES[name] ?? [];
      const simulation = simulateCluster(ROSTER, { underlayBits: 24 });
      await inflict(lab, damages);
      simulation.inflict(...damages.filter((damage) => !isOfAgent(damage)));
      for (const host of simulation.hosts) {
        const machine = machineNamed(lab, host.name);
        const simulated = tablesIn(host);
        expect(held(await tablesOf(machine))).toEqual(held(simulated));
        const { stdout } = await machine.run('ip -d -o link show type vxlan'.split(' '));
        const [device] = simulated.devices ?? [];
        const shown = [
          /link\/ether (\S+)/.exec(stdout)?.[1],
          /[<,]UP[,>]/.test(stdout),
          /\bmtu (\d+)/.exec(stdout)?.[1],
          /\bdstport (\d+)/.exec(stdout)?.[1],
        ];
        const { mac, up = false, mtu, port } = device ?? {};
        expect(shown).toEqual([mac, up, mtu?.toString(), port?.toString()]);
      }
    });
  },
);
