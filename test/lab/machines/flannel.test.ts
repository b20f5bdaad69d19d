import { describe, expect, test } from 'vitest';
import { peersOf } from '../../../lab/machines/flannel.ts';
import type { Host, Machine } from '../../../lab/machines/machine.ts';
import { simulateCluster } from '../../../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../../../lab/machines/simulated/hosts.ts';
import {
  entriesOf,
  heldFdb,
  type HeldEntry,
  heldNeighbour,
  heldRoute,
} from '../../../shared/core/overlay/entries.ts';
import { PROFILES } from '../../../shared/core/overlay/profile.ts';
import type { Tables } from '../../../shared/core/overlay/vtep.ts';
import { parseFdb } from '../../../shared/core/parse/fdb.ts';
import { parseHostAnswer } from '../../../shared/core/parse/host-answer.ts';
import { parseNeighbours } from '../../../shared/core/parse/neighbours.ts';
import { parseRoutes } from '../../../shared/core/parse/routes.ts';
import { cidr, ip } from '../../support/addressing.ts';
import { inMemoryMachines } from './in-memory.ts';

/** `neighbour 10.68.0.0 36:9b:9c:53:4a:10 flannel.1`: what a host must hold for these peers, sorted. */
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

function held({ neighbours = [], fdb = [], routes = [] }: Tables): readonly string[] {
  const lines = (
    table: string,
    entries: readonly { readonly device: string }[],
    inTerms: readonly HeldEntry[],
  ): readonly string[] =>
    inTerms.map(({ key, value, weak }, at) =>
      [table, key, value, entries[at]?.device, ...(weak ? ['weak'] : [])].join(' '),
    );
  return [
    ...lines('neighbour', neighbours, neighbours.map(heldNeighbour)),
    ...lines('fdb', fdb, fdb.map(heldFdb)),
    ...lines('route', routes, routes.map(heldRoute)),
  ].toSorted();
}

async function tablesOf(machine: Machine): Promise<Tables> {
  const printed = async (command: string): Promise<string> =>
    (await machine.run(command.split(' '))).stdout;
  const { name } = machine;
  return {
    neighbours: parseNeighbours(name, await printed('ip neigh show nud all'), undefined).value,
    fdb: parseFdb(name, await printed('bridge fdb show'), undefined).value,
    routes: parseRoutes(name, await printed('ip -4 route show'), undefined).value.filter(
      ({ device }) => device === PROFILES.flannel.devices.ipv4,
    ),
  };
}

describe('what the lab programs for a peer is what the rule wants of a host', () => {
  test('that it makes', async () => {
    const { machines } = await inMemoryMachines();
    for (const machine of machines) {
      expect(held(await tablesOf(machine))).toEqual(wanted(peersOf(machine)));
    }
  });

  test('that it simulates', () => {
    const peers = simulatedHosts(300, 3);
    const [host] = simulateCluster(peers).hosts;
    const text = host?.answer(new Map([['Action', 'tables']])) ?? '';
    const answer = parseHostAnswer('tables', { instanceId: host?.instanceId ?? '', text });
    if (answer.kind !== 'tables') throw new Error(`the host answered ${answer.kind}`);
    expect(held(answer.tables)).toEqual(wanted(peers.slice(1)));
  });
});
