import type { AGENTS } from '../../contract/report.ts';
import { WORDS } from '../../contract/wire.ts';
import { FAMILIES, type Family } from './addresses.ts';
import {
  ANY_CALICO,
  ANY_FLANNEL,
  CANAL_PODS,
  type DaemonSet,
  FLANNEL_PODS,
  K3S_UNITS,
  listedRestarts,
  type PodRestart,
  type Restart,
  RKE2_PODS,
  RKE2_RUNTIME,
} from './restart.ts';
import type { Install } from './vtep.ts';

/**
 * What a kind of overlay makes of VXLAN, and how it is restarted. flannel, canal, k3s and RKE2 all run
 * flannel's backend; Calico has its own.
 */
export interface Profile {
  /** What programs the entries, and programs all of them when it starts. */
  readonly agent: Agent;
  /** Its device of each family: as a host calls it, or else as it is called by default. */
  readonly devices: Readonly<Record<Family, string>>;
  /**
   * What gives a node its tunnel IP. flannel takes the network address of the pod CIDR
   * (pkg/backend/vxlan/vxlan.go, configureDeviceIPv4IPv6), Calico an address of its own IPAM.
   */
  readonly tunnelIp: 'pod-cidr' | 'ipam';
  /**
   * What a node's routes lead to. Calico has one route for each block of addresses, of which a node
   * may have none or many, and which no node object lists.
   */
  readonly routes: 'pod-cidr' | 'blocks';
  readonly restart: Restart;
}

export type Agent = (typeof AGENTS)[number];

/** As a sentence calls them. */
export const AGENT_NAMES: Readonly<Record<Agent, string>> = {
  flannel: 'flannel',
  calico: 'Calico',
};

const FLANNEL = {
  agent: 'flannel',
  devices: { ipv4: 'flannel.1', ipv6: 'flannel-v6.1' },
  tunnelIp: 'pod-cidr',
  routes: 'pod-cidr',
} as const;

export const PROFILES = {
  canal: { ...FLANNEL, restart: CANAL_PODS },
  rke2: { ...FLANNEL, restart: RKE2_PODS },
  flannel: { ...FLANNEL, restart: FLANNEL_PODS },
  k3s: { ...FLANNEL, restart: K3S_UNITS },
  unknown: { ...FLANNEL, restart: ANY_FLANNEL },
  calico: {
    agent: 'calico',
    devices: { ipv4: 'vxlan.calico', ipv6: 'vxlan-v6.calico' },
    tunnelIp: 'ipam',
    routes: 'blocks',
    restart: ANY_CALICO,
  },
} as const satisfies Readonly<Record<Install | 'unknown' | 'calico', Profile>>;

const OVERLAY_DEVICE = new RegExp(`^${WORDS.overlay}$`);

/** Whether a device is one of an overlay's, by the grammar of the records that hosts send. */
export function isOverlayDevice(name: string): boolean {
  return OVERLAY_DEVICE.test(name);
}

/** The family of the packets that an overlay device carries. */
export function deviceFamily(name: string): Family {
  return name.includes('-v6') ? 'ipv6' : 'ipv4';
}

/** Whether an overlay device is one of Calico's. */
export function isCalicoDevice(name: string): boolean {
  return FAMILIES.some((family) => PROFILES.calico.devices[family] === name);
}

/** Whether an entry is on an overlay device of the family. */
export function ofOverlay(family: Family): (entry: { readonly device: string }) => boolean {
  return ({ device }) => isOverlayDevice(device) && deviceFamily(device) === family;
}

/** The profile of a cluster with these devices: flannel's, unless one of them is Calico's. */
export function profileOf(devices: readonly string[]): Profile {
  return devices.some(isCalicoDevice) ? PROFILES.calico : PROFILES.unknown;
}

/** The same profile with what one host calls its devices. */
export function namedAs(profile: Profile, devices: readonly string[]): Profile {
  const nameOf = (family: Family): string =>
    devices.find((name) => isOverlayDevice(name) && deviceFamily(name) === family) ??
    profile.devices[family];
  return { ...profile, devices: { ipv4: nameOf('ipv4'), ipv6: nameOf('ipv6') } };
}

/**
 * How the overlay is restarted on a host of the cluster, where these DaemonSets are listed. An install runs
 * Calico as well as flannel. Of several DaemonSets, the one that fits the host's install runs there.
 */
export function restartOn(
  { agent, restart }: Pick<Profile, 'agent' | 'restart'>,
  install: Install | undefined,
  daemonSets: readonly DaemonSet[],
): Restart {
  const usual = agent === 'calico' ? restart : PROFILES[install ?? 'unknown'].restart;
  const listed = listedRestarts(agent, daemonSets);
  const [only, another] = listed;
  if (only === undefined) return usualOnHost(usual, install);
  const fitting = listed.filter(({ label }) => usual.kind === 'pods' && label === usual.label);
  const found =
    another === undefined
      ? only
      : (fitting.find(({ namespace }) => usual.kind === 'pods' && namespace === usual.namespace) ??
        (fitting.length === 1 ? fitting[0] : undefined));
  if (found !== undefined) return onHost(found, install);
  const variants = (fitting.length > 0 ? fitting : listed).map((one) => ({
    names: `${one.daemonSets.join(' and ')} in ${one.namespace}`,
    restart: onHost(one, install),
  }));
  return { kind: 'unknown', variants };
}

function onHost(restart: PodRestart, install: Install | undefined): PodRestart {
  return install === 'rke2' ? { ...restart, runtime: RKE2_RUNTIME } : restart;
}

/** The same where nothing is listed, and the install may run Calico. */
function usualOnHost(usual: Restart, install: Install | undefined): Restart {
  if (usual.kind !== 'unknown') return usual;
  const variants = usual.variants.map(({ names, restart }) => ({
    names,
    restart: restart.kind === 'pods' ? onHost(restart, install) : restart,
  }));
  return { kind: 'unknown', variants };
}
