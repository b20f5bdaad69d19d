import type { Family } from './addresses.ts';

/**
 * What a kind of overlay makes of VXLAN. flannel, canal, k3s and RKE2 all run flannel's backend;
 * Calico has its own.
 */
export interface Profile {
  /** Its device of each family: as a host calls it, or else as it is called by default. */
  readonly devices: Readonly<Record<Family, string>>;
  /**
   * What gives a node its tunnel IP. flannel takes the network address of the pod CIDR
   * (pkg/backend/vxlan/vxlan.go,
   * configureDeviceIPv4IPv6), Calico one address of its own IPAM.
   */
  readonly tunnelIp: 'pod-cidr' | 'ipam';
  /**
   * What a node's routes lead to. Calico has one route for each block of addresses, of which a node
   * may have none or many, and which no node object lists.
   */
  readonly routes: 'pod-cidr' | 'blocks';
}

const FLANNEL: Profile = {
  devices: { ipv4: 'flannel.1', ipv6: 'flannel-v6.1' },
  tunnelIp: 'pod-cidr',
  routes: 'pod-cidr',
};

const CALICO: Profile = {
  devices: { ipv4: 'vxlan.calico', ipv6: 'vxlan-v6.calico' },
  tunnelIp: 'ipam',
  routes: 'blocks',
};

/**
 * flannel's names end in the VNI, a number of 24 bits (pkg/backend/vxlan/vxlan.go,
 * createVXLANDevice). Calico's are fixed (felix/dataplane/linux/dataplanedefs/dataplane_defs.go).
 */
const DEVICE_NAMES = {
  flannel: /^flannel(-v6)?\.\d{1,8}$/,
  calico: /^vxlan(-v6)?\.calico$/,
} as const;

/** Whether a device is one of the overlay's. `tables.sh` has the same grammar for the hosts. */
export function isOverlayDevice(name: string): boolean {
  return DEVICE_NAMES.flannel.test(name) || DEVICE_NAMES.calico.test(name);
}

/** The family of the packets that an overlay device carries. */
export function deviceFamily(name: string): Family {
  return name.includes('-v6') ? 'ipv6' : 'ipv4';
}

/** The profile of a cluster with these devices: flannel's, unless one of them is Calico's. */
export function profileOf(devices: readonly string[]): Profile {
  return devices.some((name) => DEVICE_NAMES.calico.test(name)) ? CALICO : FLANNEL;
}

/** The same profile with what one host calls its devices. */
export function namedAs(profile: Profile, devices: readonly string[]): Profile {
  const nameOf = (family: Family): string =>
    devices.find((name) => isOverlayDevice(name) && deviceFamily(name) === family) ??
    profile.devices[family];
  return { ...profile, devices: { ipv4: nameOf('ipv4'), ipv6: nameOf('ipv6') } };
}
