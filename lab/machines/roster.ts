import type { Host } from './machine.ts';

/**
 * The six hosts of the incident that the project exists for, with their own addresses. The MAC
 * addresses that were recorded with masked digits have hexadecimal ones here, and node3, which was
 * never recorded, has one of its own.
 */
export const ROSTER: readonly Host[] = [
  host('master1', { number: 140, subnet: 0, vtepMac: '36:9b:9c:53:4a:10' }),
  host('master2', { number: 141, subnet: 2, vtepMac: 'a2:23:78:a5:7d:de' }),
  host('master3', { number: 142, subnet: 1, vtepMac: '16:23:8e:ab:c6:5c' }),
  host('node1', { number: 143, subnet: 3, vtepMac: '32:a3:2f:8e:fb:2f' }),
  host('node2', { number: 144, subnet: 4, vtepMac: '82:67:5d:5f:43:3b' }),
  host('node3', { number: 145, subnet: 5, vtepMac: '5a:0e:71:c4:19:d6' }),
];

interface Place {
  /** Last byte of the underlay IP; also the number of the managed node. */
  readonly number: number;
  /** Third byte of the pod CIDR. */
  readonly subnet: number;
  readonly vtepMac: string;
}

function host(name: string, place: Place): Host {
  return {
    name,
    instanceId: `mi-${String(place.number).padStart(17, '0')}`,
    master: name.startsWith('master'),
    underlayIp: `192.168.1.${place.number}`,
    tunnelIp: `10.68.${place.subnet}.0`,
    podCidr: `10.68.${place.subnet}.0/24`,
    vtepMac: place.vtepMac,
  };
}

/** Every host's interface on the network that carries the overlay. */
export const UNDERLAY_DEVICE = 'eth0';
export const UNDERLAY_PREFIX_BITS = 24;
export const UNDERLAY_MTU_BYTES = 1500;

/** A locally administered address that tells the host, so that a capture can be read. */
export function underlayMac(underlayIp: string): string {
  const bytes = underlayIp.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `02:00:${bytes.join(':')}`;
}
