import type { Entry } from '../../lab/machines/flannel.ts';
import type { Table } from '../../shared/contract/causes.ts';
import type { Lease } from './host.ts';

/**
 * What a host that is well holds of a peer: flannel pkg/backend/vxlan/vxlan_network.go,
 * handleSubnetEvents, programs these three.
 */
export function entriesOf({ podCidr, tunnelIp, mac, publicIp }: Lease): readonly Entry[] {
  return [
    { table: 'neighbour', ip: tunnelIp, mac, state: 'PERMANENT' },
    { table: 'fdb', mac, destination: publicIp },
    { table: 'route', destination: podCidr, gateway: tunnelIp },
  ];
}

export const ALL_TABLES = ['neighbour', 'fdb', 'route'] as const satisfies readonly Table[];
