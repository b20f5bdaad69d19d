import type { Tables } from '../../shared/core/overlay/vtep.ts';
import { type Addressed, cidr } from './addressing.ts';
import type { Cluster } from './cluster.ts';

/**
 * The cluster as flannel with DirectRouting programs it: every host reaches those of its own /24 by direct routes,
 * and the others by the overlay.
 */
export function routedDirectly(whole: Cluster): Cluster {
  const bySubnet = Map.groupBy(whole.nodes, subnetOf);
  return whole.nodes.reduce(
    (on, self) =>
      on.answer(self.node, (answer) => ({
        ...answer,
        tables: routed(answer.tables, { self, all: bySubnet.get(subnetOf(self)) ?? [] }),
      })),
    whole,
  );
}

function routed(
  tables: Tables,
  { self, all }: { readonly self: Addressed; readonly all: readonly Addressed[] },
): Tables {
  const near = all.filter(({ node }) => node !== self.node);
  const [ips, macs, cidrs] = [
    new Set<string>(near.map(({ tunnelIp }) => tunnelIp)),
    new Set(near.map(({ mac }) => mac)),
    new Set<string>(near.map(({ podCidr }) => podCidr)),
  ];
  return {
    ...tables,
    neighbours: tables.neighbours?.filter((one) => !ips.has(one.ip)),
    fdb: tables.fdb?.filter((one) => !macs.has(one.mac)),
    routes: [
      ...(tables.routes ?? []).filter((one) => !cidrs.has(one.destination)),
      ...near.map(({ podCidr, underlayIp }) => ({
        device: 'eth0',
        destination: podCidr,
        gateway: underlayIp,
      })),
    ],
    subnets: [cidr(`${subnetOf(self)}.0/24`)],
  };
}

function subnetOf({ underlayIp }: Addressed): string {
  return underlayIp.slice(0, underlayIp.lastIndexOf('.'));
}
