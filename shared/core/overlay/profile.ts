import type { AGENTS } from '../../contract/report.ts';
import { WORDS } from '../../contract/wire.ts';
import { FAMILIES, type Family } from './addresses.ts';
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

type Agent = (typeof AGENTS)[number];

/** What is restarted so that the overlay is programmed anew. Words for a shell, as they stand here. */
export type Restart =
  | PodRestart
  /** The systemd unit of a process that runs flannel within itself. */
  | UnitRestart
  /** flannel, of which the host does not know how it was installed. */
  | { readonly kind: 'unknown'; readonly variants: readonly RestartVariant[] };

/** The pods of a DaemonSet, which are made again when they are deleted. */
interface PodRestart {
  readonly kind: 'pods';
  /** Each in which they may be. */
  readonly namespaces: readonly string[];
  readonly label: string;
  readonly daemonSet: string;
  /** On the host itself: stops the container, which the kubelet starts again. */
  readonly stop: string;
}

interface UnitRestart {
  readonly kind: 'unit';
  readonly server: string;
  readonly agent: string;
}

interface RestartVariant {
  /** What has installed flannel. */
  readonly names: string;
  readonly restart: PodRestart | UnitRestart;
}

const FLANNEL = {
  agent: 'flannel',
  devices: { ipv4: 'flannel.1', ipv6: 'flannel-v6.1' },
  tunnelIp: 'pod-cidr',
  routes: 'pod-cidr',
} as const;

/** `sudo` may leave out the directory in which crictl is. */
const STOP_FLANNEL =
  'export PATH=$PATH:/usr/local/bin; crictl ps --name kube-flannel -q | xargs crictl stop';

const CANAL_PODS = {
  kind: 'pods',
  namespaces: ['kube-system'],
  label: 'k8s-app=canal',
  daemonSet: 'canal',
  stop: STOP_FLANNEL,
} as const;

const RKE2_PODS = {
  ...CANAL_PODS,
  daemonSet: 'rke2-canal',
  stop:
    'export CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml ' +
    `PATH=$PATH:/var/lib/rancher/rke2/bin; ${STOP_FLANNEL}`,
} as const;

const FLANNEL_PODS = {
  kind: 'pods',
  namespaces: ['kube-flannel'],
  label: 'app=flannel',
  daemonSet: 'kube-flannel-ds',
  stop: STOP_FLANNEL,
} as const;

const KUBESPRAY_PODS = {
  ...FLANNEL_PODS,
  namespaces: ['kube-system'],
  label: 'k8s-app=flannel',
  daemonSet: 'kube-flannel',
} as const;

const K3S_UNITS = { kind: 'unit', server: 'k3s', agent: 'k3s-agent' } as const;

export const PROFILES = {
  canal: { ...FLANNEL, restart: CANAL_PODS },
  rke2: { ...FLANNEL, restart: RKE2_PODS },
  flannel: { ...FLANNEL, restart: FLANNEL_PODS },
  k3s: { ...FLANNEL, restart: K3S_UNITS },
  unknown: {
    ...FLANNEL,
    restart: {
      kind: 'unknown',
      variants: [
        { names: 'canal', restart: CANAL_PODS },
        { names: 'RKE2', restart: RKE2_PODS },
        { names: "flannel's manifest", restart: FLANNEL_PODS },
        { names: 'kubespray', restart: KUBESPRAY_PODS },
        { names: 'k3s (a server: unit k3s, one at a time)', restart: K3S_UNITS },
      ],
    },
  },
  calico: {
    agent: 'calico',
    devices: { ipv4: 'vxlan.calico', ipv6: 'vxlan-v6.calico' },
    tunnelIp: 'ipam',
    routes: 'blocks',
    restart: {
      kind: 'pods',
      // The operator has its pods in the first, the manifest in the second.
      namespaces: ['calico-system', 'kube-system'],
      label: 'k8s-app=calico-node',
      daemonSet: 'calico-node',
      stop: 'crictl ps --name calico-node -q | xargs -r crictl stop',
    },
  },
} as const satisfies Readonly<Record<Install | 'unknown' | 'calico', Profile>>;

/** Labels of the pods that run flanneld: canal and RKE2, flannel's manifest, kubespray. */
export const FLANNEL_LABELS = [
  ['k8s-app', 'canal'],
  ['app', 'flannel'],
  ['k8s-app', 'flannel'],
] as const;

/**
 * Where these pods run: canal, RKE2 and kubespray; flannel's manifest. A tenant can give pods of its own
 * the same labels, but has no pods here.
 */
export const FLANNEL_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-flannel']);

const OVERLAY_DEVICE = new RegExp(`^${WORDS.overlay}$`);

/** Whether a device is one of an overlay's, by the grammar of the records that hosts send. */
export function isOverlayDevice(name: string): boolean {
  return OVERLAY_DEVICE.test(name);
}

/** The family of the packets that an overlay device carries. */
export function deviceFamily(name: string): Family {
  return name.includes('-v6') ? 'ipv6' : 'ipv4';
}

/** Whether an entry is on an overlay device of the family. */
export function ofOverlay(family: Family): (entry: { readonly device: string }) => boolean {
  return ({ device }) => isOverlayDevice(device) && deviceFamily(device) === family;
}

/** The profile of a cluster with these devices: flannel's, unless one of them is Calico's. */
export function profileOf(devices: readonly string[]): Profile {
  const { calico, unknown } = PROFILES;
  return FAMILIES.some((family) => devices.includes(calico.devices[family])) ? calico : unknown;
}

/** The same profile with what one host calls its devices. */
export function namedAs(profile: Profile, devices: readonly string[]): Profile {
  const nameOf = (family: Family): string =>
    devices.find((name) => isOverlayDevice(name) && deviceFamily(name) === family) ??
    profile.devices[family];
  return { ...profile, devices: { ipv4: nameOf('ipv4'), ipv6: nameOf('ipv6') } };
}

/** How the overlay is restarted on a host of the cluster. An install runs Calico as well as flannel. */
export function restartOn(profile: Profile, install: Install | undefined): Restart {
  return profile.agent === 'calico' ? profile.restart : PROFILES[install ?? 'unknown'].restart;
}
