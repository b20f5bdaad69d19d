import type { Table } from '../../contract/causes.ts';
import { isOverlayDevice, type Tables, type Vtep } from '../overlay.ts';

/**
 * How many entries of an observer are for no live node. flannel leaves some behind when a node goes
 * while it is not looking, and before 0.24.1 one FDB entry at each reboot of a peer.
 */
export function ghostsOf(
  { neighbours = [], fdb = [], routes = [] }: Tables,
  vteps: readonly Vtep[],
): Readonly<Record<Table, number>> {
  const tunnelIps = new Set(vteps.map(({ tunnelIp }) => tunnelIp));
  const macs = new Set(vteps.map(({ mac }) => mac));
  return {
    // The kernel's own attempts to resolve an address are not entries that anybody made.
    neighbour: neighbours.filter(({ ip, mac }) => mac !== undefined && !tunnelIps.has(ip)).length,
    fdb: fdb.filter(({ mac }) => !macs.has(mac)).length,
    route: routes.filter(
      ({ device, gateway }) => isOverlayDevice(device) && !tunnelIps.has(gateway),
    ).length,
  };
}
