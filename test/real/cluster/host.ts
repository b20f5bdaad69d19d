import type { Host } from '../../../lab/machines/machine.ts';

/** A host of a real cluster. The underlay has two subnets, which a router joins. */
export interface RealHost extends Host {
  readonly subnet: Subnet;
  readonly underlayIp6: string;
  readonly podCidr6: string;
  readonly tunnelIp6: string;
}

export type Subnet = 0 | 1;

/** In both subnets the router has the address 1. */
export const GATEWAY = 1;

/**
 * The hosts by name, each with the subnet that it stands in. A host whose name begins with `m` is a
 * master. A host's place in the object gives its addresses.
 */
export function planHosts(subnets: Readonly<Record<string, Subnet>>): readonly RealHost[] {
  return Object.entries(subnets).map(([name, subnet], at) => planHost(name, subnet, at + 1));
}

function planHost(name: string, subnet: Subnet, number: number): RealHost {
  const last = number + 10;
  return {
    name,
    instanceId: `i-${String(number).padStart(17, '0')}`,
    master: name.startsWith('m'),
    subnet,
    underlayIp: addressIn(subnet, last),
    underlayIp6: address6In(subnet, last),
    podCidr: `10.244.${number}.0/24`,
    tunnelIp: `10.244.${number}.0`,
    podCidr6: `fd44:0:0:${number}::/64`,
    tunnelIp6: `fd44:0:0:${number}::`,
    // flannel chooses it.
    vtepMac: '',
  };
}

export function addressIn(subnet: Subnet, last: number): string {
  return `10.77.${subnet}.${last}`;
}

export function address6In(subnet: Subnet, last: number): string {
  return `fd77:0:0:${subnet}::${last}`;
}

/** The host that joins the subnets, and on which etcd and a person's kubectl run. */
export const CONTROL: RealHost = {
  ...planHost('control', 0, 0),
  underlayIp: addressIn(0, GATEWAY),
};
