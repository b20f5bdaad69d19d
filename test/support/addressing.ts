import {
  type Cidr,
  type IpAddress,
  parseCidr,
  parseIp,
} from '../../shared/core/overlay/addresses.ts';

/** A node with all that its peers must know of it. */
export interface Addressed {
  readonly node: string;
  readonly instanceId: string;
  readonly family: 'ipv4';
  readonly underlayIp: IpAddress;
  readonly tunnelIp: IpAddress;
  readonly tunnelCidr: Cidr;
  readonly mac: string;
  readonly podCidr: Cidr;
}

const SEED_NAMES = ['master1', 'master2', 'master3', 'node1', 'node2', 'node3'];

/** The n-th node from 0 on: the first six have the seed's names. */
export function nthNode(at: number): Addressed {
  const [high, low] = [Math.floor(at / 256), at % 256];
  const tunnel = `10.${68 + high}.${low}.0`;
  return {
    node: SEED_NAMES[at] ?? `node${at - 2}`,
    instanceId: `mi-${String(at).padStart(17, '0')}`,
    family: 'ipv4',
    underlayIp: ip(`192.168.${1 + high}.${low}`),
    tunnelIp: ip(tunnel),
    tunnelCidr: cidr(`${tunnel}/32`),
    mac: `36:9b:9c:53:${hex(high)}:${hex(low)}`,
    podCidr: cidr(`${tunnel}/24`),
  };
}

/** An address out of a test's own text. */
export function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
