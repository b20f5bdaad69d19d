import { randomBytes } from 'node:crypto';
import type { Family } from '../../../../shared/core/overlay/addresses.ts';
import type { Generated, Line } from './generated-tables.ts';

interface Peer {
  readonly device: string;
  readonly tunnel: string;
  readonly cidr: string;
  readonly mac: string;
  readonly underlay: string;
}

/** A host that holds all of so many peers, whose MACs and underlay IPs are random. */
export function peers(count: number, family: Family = 'ipv4'): Generated {
  const all = Array.from({ length: count }, (_, at) => peer(at, family));
  // As the kernel's hashes have them: in no order of addresses.
  const mixed = all.toSorted((one, other) => one.mac.localeCompare(other.mac));
  const routes = all.map(({ device, cidr, tunnel }) => ({
    printed: `${cidr} via ${tunnel} dev ${device} onlink `,
    record: `R ${device} ${cidr} ${tunnel} onlink`,
  }));
  return {
    neighbours: mixed.map(({ device, tunnel, mac }) => ({
      printed: `${tunnel} dev ${device} lladdr ${mac} PERMANENT `,
      record: `N ${device} ${tunnel} ${mac} PERMANENT`,
    })),
    fdb: all.map(({ device, mac, underlay }) => ({
      printed: `${mac} dev ${device} dst ${underlay} self permanent`,
      record: `F ${device} ${mac} ${underlay} permanent`,
    })),
    ...inFamily(routes, family),
  };
}

function peer(at: number, family: Family): Peer {
  const mac = (randomBytes(6).toString('hex').match(/../g) ?? []).join(':');
  const groups = randomBytes(12).toString('hex').match(/..../g) ?? [];
  if (family === 'ipv6') {
    const tunnel = `2001:db8:42:${(at + 1).toString(16)}::`;
    const underlay = `2600:1f18:${groups.map((each) => each.replace(/^0{1,3}/, '')).join(':')}`;
    return { device: 'flannel-v6.1', tunnel, cidr: `${tunnel}/64`, mac, underlay };
  }
  const tunnel = `10.${64 + (at >> 8)}.${at & 255}.0`;
  const [high = 0, low = 0] = randomBytes(2);
  return {
    device: 'flannel.1',
    tunnel,
    cidr: `${tunnel}/24`,
    mac,
    underlay: `172.20.${high}.${low}`,
  };
}

function inFamily(routes: readonly Line[], family: Family): Pick<Generated, 'routes' | 'routes6'> {
  return family === 'ipv4' ? { routes, routes6: [] } : { routes: [], routes6: routes };
}
