import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Damage, PacketKind } from '../../lab/damage.ts';
import { FAULTS } from '../../lab/faults.ts';
import { inflict, isOfAgent } from '../../lab/machines/inflict.ts';
import { machineNamed, type Machines } from '../../lab/machines/machine.ts';
import { realMachines } from '../../lab/machines/real/machines.ts';
import { ROSTER } from '../../lab/machines/roster.ts';
import { simulateCluster } from '../../lab/machines/simulated/cluster.ts';
import { CAUSES } from '../../shared/contract/causes.ts';
import { packetRound } from '../../shared/contract/probe.ts';
import { parameterised } from '../shared/contract/probe/probe-script.ts';
import { need } from '../shared/contract/latency/need.ts';
import { NO_REAL_MACHINES } from './machines/needs-root.ts';

const MASTER1 = { on: ['master1'] } as const;

/** Which of two hosts that claim one thing gets the packets for it is not simulated. */
const CASES: Readonly<Record<string, readonly Damage[]>> = {
  nothing: [],
  'a firewall before what comes in': dropped('in', 'all'),
  'a firewall before what goes out': dropped('out', 'all'),
  'a firewall before both': dropped('both', 'all'),
  'a firewall before large packets': dropped('in', 'large'),
  'a firewall before two of the others': [
    {
      kind: 'packets-dropped',
      on: ['master1', 'node1'],
      direction: 'out',
      which: 'all',
      between: ['master2', 'node3'],
    },
  ],
  'a firewall before TCP': dropped('out', 'tcp'),
  'a card that sums up checksums wrongly': dropped('out', 'unsummed'),
  'a card whose driver takes good packets for wrong': dropped('in', 'unsummed'),
  'a firewall before ICMP': dropped('in', 'icmp'),
  'a port that something else has': [{ kind: 'port-taken', ...MASTER1 }],
  'a firewall that was taken away': [
    ...dropped('both', 'all'),
    { kind: 'packets-passed', ...MASTER1 },
  ],
  ...Object.fromEntries(
    (['all', 'large', 'tcp', 'unsummed', 'icmp'] as const).flatMap((which) =>
      (['in', 'out'] as const).map((direction) => [
        `a firewall before ${which} that goes ${direction}, and a fault of the tables`,
        [
          ...dropped(direction, which),
          { kind: 'lost', tables: ['fdb'], on: ['node1'], of: ['node2'] } as const,
        ],
      ]),
    ),
  ),
  'flannel that is restarted behind a firewall': [
    ...dropped('in', 'all'),
    { kind: 'flannel-restarted', ...MASTER1 },
  ],
  'an underlay that carries less': [{ kind: 'underlay-mtu-changed', ...MASTER1, mtu: 1400 }],
  ...Object.fromEntries(
    CAUSES.filter((cause) => !cause.startsWith('duplicate-')).map((cause) => [
      cause,
      FAULTS[cause].damage,
    ]),
  ),
};

function dropped(direction: 'in' | 'out' | 'both', which: PacketKind): readonly Damage[] {
  return [{ kind: 'packets-dropped', ...MASTER1, direction, which }];
}

/**
 * How long an answer took, and how many packets came and went, is another matter on each computer. Whether a
 * kernel says that it cannot reach a host depends on how often it has said so and on what waited for a neighbour.
 */
function comparable(answer: string): readonly string[] {
  return answer
    .split('\n')
    .filter((line) => /^(tried|traffic) /.test(line))
    .map((line) => line.replaceAll(/ok,[\d.]+/g, 'ok').replaceAll('unreachable', 'lost'))
    .map((line) =>
      line.replace(/^(traffic \S+) (\d+) (\d+)$/, (_, of, ...counts) => {
        return [of, ...counts.slice(0, 2).map((count) => (count === '0' ? 'none' : 'some'))].join(
          ' ',
        );
      }),
    );
}

describe.skipIf(NO_REAL_MACHINES)('simulated hosts lose the packets that real ones lose', () => {
  let lab: Machines;
  beforeEach(async (context) => {
    need(context.skip, 'ping', 'nft');
    lab = await realMachines();
  });
  afterEach(() => lab?.close());

  test.for(Object.keys(CASES))('after %s', async (name) => {
    const damages = CASES[name] ?? [];
    const simulation = simulateCluster(ROSTER, { underlayBits: 24 });
    await inflict(lab, damages);
    simulation.inflict(...damages.filter((damage) => !isOfAgent(damage)));
    const rounds = [packetRound(1, ['10.68.0.0', '10.68.77.0'])];
    for (const wanted of name === 'nothing' ? [...rounds, packetRound(0, []), ''] : rounds) {
      const script = parameterised('digest', wanted, 'on');
      const answers = simulation.hosts.map(async (host) => {
        const asked = new Map(Object.entries({ Action: 'digest', Wanted: wanted, Packets: 'on' }));
        const real = await machineNamed(lab, host.name).run(['sh', '-c', script]);
        return {
          host: host.name,
          real: comparable(real.stdout),
          simulated: comparable(host.answer(asked)),
        };
      });
      const all = await Promise.all(answers);
      expect(all.map(({ host, simulated }) => ({ host, said: simulated }))).toEqual(
        all.map(({ host, real }) => ({ host, said: real })),
      );
    }
  });
});
