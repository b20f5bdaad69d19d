import type { Tables } from '../overlay/vtep.ts';
import { deviceFamily, isOverlayDevice } from '../overlay/profile.ts';
import { groupBy, majority } from '../group.ts';
import type { Cidr, Family, IpAddress } from '../overlay/addresses.ts';

/** How many observers are asked; a node that they all know is known. */
const WITNESSES = 50;

/**
 * What the peers hold of a node: the third of the three truths about it, and the only one where
 * neither its own device nor its annotations are known. The peers' majority is believed.
 */
export interface Witnesses {
  macAt(underlayIp: IpAddress): string | undefined;
  destinationOf(mac: string): IpAddress | undefined;
  tunnelIpOf(mac: string): IpAddress | undefined;
  podCidrBehind(tunnelIp: IpAddress): Cidr | undefined;
  /** Tunnel IPs that peers tried to reach and have no MAC for. */
  unresolved(): readonly IpAddress[];
}

export function witnesses(observers: readonly Tables[], family: Family): Witnesses {
  const asked = observers.slice(0, WITNESSES);
  const ofFamily = ({ device }: { readonly device: string }): boolean =>
    isOverlayDevice(device) && deviceFamily(device) === family;
  const fdb = asked.flatMap((tables) => tables.fdb ?? []).filter(ofFamily);
  const neighbours = asked.flatMap((tables) => tables.neighbours ?? []).filter(ofFamily);
  const routes = asked.flatMap((tables) => tables.routes ?? []).filter(ofFamily);
  const byDestination = groupBy(fdb, ({ destination }) => destination);
  const fdbByMac = groupBy(fdb, ({ mac }) => mac);
  const neighboursByMac = groupBy(neighbours, ({ mac }) => mac ?? '');
  const byGateway = groupBy(routes, ({ gateway }) => gateway);
  return {
    macAt: (underlayIp) => majority((byDestination.get(underlayIp) ?? []).map(({ mac }) => mac)),
    destinationOf: (mac) =>
      majority((fdbByMac.get(mac) ?? []).map(({ destination }) => destination)),
    tunnelIpOf: (mac) => majority((neighboursByMac.get(mac) ?? []).map(({ ip }) => ip)),
    podCidrBehind: (tunnelIp) =>
      majority((byGateway.get(tunnelIp) ?? []).map(({ destination }) => destination)),
    unresolved: () => [...new Set((neighboursByMac.get('') ?? []).map(({ ip }) => ip))],
  };
}
