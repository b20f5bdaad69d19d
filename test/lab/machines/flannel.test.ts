import { describe, expect, test } from 'vitest';
import type { Host } from '../../../lab/machines/machine.ts';
import { simulateCluster } from '../../../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../../../lab/machines/simulated/hosts.ts';
import { entriesOf } from '../../../shared/core/overlay/entries.ts';
import { PROFILES } from '../../../shared/core/overlay/profile.ts';
import { cidr, ip } from '../../support/addressing.ts';
import { held, tablesIn, tablesOf } from './held.ts';
import { inMemoryMachines } from './in-memory.ts';

/** What a host must hold for these peers, sorted. */
function wanted(peers: readonly Host[]): readonly string[] {
  return peers
    .flatMap(({ name: node, underlayIp, tunnelIp, vtepMac: mac, podCidr }) => {
      const addresses = { underlayIp: ip(underlayIp), tunnelIp: ip(tunnelIp), mac };
      const vtep = { node, family: 'ipv4', ...addresses, podCidr: cidr(podCidr) } as const;
      return entriesOf(vtep, 'overlay', PROFILES.flannel);
    })
    .map(({ table, key, value, device }) => `${table} ${key} ${value} ${device}`)
    .toSorted();
}

describe('what the lab programs for a peer is what the rule wants of a host', () => {
  test('that it makes', async () => {
    const { machines } = await inMemoryMachines();
    for (const machine of machines) {
      const peers = machines.filter((peer) => peer !== machine);
      expect(held(await tablesOf(machine))).toEqual(wanted(peers));
    }
  });

  test('that it simulates', () => {
    const [host, ...peers] = simulateCluster(simulatedHosts(300, 3)).hosts;
    expect(host === undefined ? [] : held(tablesIn(host))).toEqual(wanted(peers));
  });
});
