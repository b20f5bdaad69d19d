import type { WordTexts } from '../../contract/wire.ts';
import type { Table } from '../../contract/causes.ts';
import type { DigestTable } from '../../contract/digest.ts';
import type { ErrorType } from '../../contract/telemetry.ts';
import type { SilenceKind } from '../silence.ts';
import type { Cidr, Family, IpAddress } from './addresses.ts';
import type { HostPackets } from './packets.ts';

/**
 * The overlay as this program sees it: who takes part, and what each host's kernel holds. What it must
 * hold is the rule in `overlay/entries.ts`.
 */

/** One node's end of the overlay, as far as it is known. What is unknown is undefined. */
export interface Vtep {
  readonly node: string;
  readonly family: Family;
  /** Destination of the outer packets: flannel's `public-ip`. */
  readonly underlayIp?: IpAddress | undefined;
  /** Address of the VXLAN device: flannel takes the network address of the pod CIDR. */
  readonly tunnelIp?: IpAddress | undefined;
  /** Lower case. A masked or broken one is kept as an opaque token and compared all the same. */
  readonly mac?: string | undefined;
  readonly podCidr?: Cidr | undefined;
}

/** `mac` is undefined while the kernel has no answer: INCOMPLETE and FAILED mean absent. */
export interface NeighbourEntry {
  readonly device: string;
  readonly ip: IpAddress;
  readonly mac?: string | undefined;
  readonly permanent: boolean;
  /** The kernel's words for it: `PERMANENT`, `INCOMPLETE`, `STALE`, … */
  readonly state: string;
}

export interface FdbEntry {
  readonly device: string;
  readonly mac: string;
  readonly destination: IpAddress;
}

/** A route with a gateway. */
export interface RouteEntry {
  readonly device: string;
  readonly destination: Cidr;
  readonly gateway: IpAddress;
}

/** The host's own VXLAN device of one family, with the tunnel IP it carries. */
export interface Device {
  readonly name: string;
  readonly up: boolean;
  readonly index?: number | undefined;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  /** The interface that carries its packets; undefined where the listing does not have it. */
  readonly underlay?: Underlay | undefined;
  readonly vni?: number | undefined;
  readonly port?: number | undefined;
  readonly local?: IpAddress | undefined;
  readonly addresses: readonly Cidr[];
}

/** The interface below a VXLAN device. */
interface Underlay {
  readonly device: string;
  readonly mtu: number;
}

/** What a listing is of: the host's own devices, or a table. */
export type ListingOf = 'device' | Table;

/** What a host has around the overlay. What is unknown is undefined. */
export interface Surroundings {
  /** Devices of overlays that are not watched, as Cilium's. */
  readonly otherOverlays?: readonly string[] | undefined;
  /** The addresses of the host's interfaces: all of them where those of loopback are among them. */
  readonly ownAddresses?: ReadonlySet<string> | undefined;
  /** The addresses of the bridge that the host's pods are on. */
  readonly bridges?: readonly InterfaceAddress[] | undefined;
  /** What may be in the way of the pod network; whose pods' way, the pod CIDRs show. */
  readonly anomalies?: readonly Anomaly[] | undefined;
}

export interface InterfaceAddress {
  readonly device: string;
  readonly address: Cidr;
}

/** A network, route or device of a host, as the record `anomaly` has it. */
export interface Anomaly {
  readonly what: WordTexts['anomaly'];
  readonly device?: string | undefined;
  readonly range?: Cidr | undefined;
}

/** What one host holds. A table that was not captured is undefined: neither there nor absent. */
export interface Tables extends Surroundings {
  readonly devices?: readonly Device[] | undefined;
  readonly neighbours?: readonly NeighbourEntry[] | undefined;
  readonly fdb?: readonly FdbEntry[] | undefined;
  readonly routes?: readonly RouteEntry[] | undefined;
  /** The networks in which the host's underlay addresses lie. */
  readonly subnets?: readonly Cidr[] | undefined;
  /** Listings of which only some lines were understood: what they lack is unknown, not absent. */
  readonly incomplete?: ReadonlySet<ListingOf> | undefined;
  /** Listings that show one family alone: what they lack of the other is unknown, not absent. */
  readonly oneFamily?: OneFamily | undefined;
}

/** The family that a listing shows, where its command shows one alone, as `ip route` and `arp -n` do. */
export type OneFamily = Readonly<Partial<Record<ListingOf, Family>>>;

/** An entry of a host's tables with the line of `ip` or `bridge` that it is from. */
export interface PrintedEntry {
  readonly table: Table;
  readonly key: string;
  /** Undefined while the kernel has no answer for the key. */
  readonly value: string | undefined;
  /** Exactly as it was printed. */
  readonly line: string;
}

/** Which tables a host showed. */
export function shownBy({ neighbours, fdb, routes }: Tables): ReadonlySet<Table> {
  const shown: Table[] = [];
  if (neighbours !== undefined) shown.push('neighbour');
  if (fdb !== undefined) shown.push('fdb');
  if (routes !== undefined) shown.push('route');
  return new Set(shown);
}

/** What a host says of itself besides its tables. */
export interface HostFacts {
  readonly node: string;
  /** The managed-node id: the host's identity, since a name is only what a host claims. */
  readonly instanceId?: string | undefined;
  readonly bootId?: string | undefined;
  readonly uptimeSeconds?: number | undefined;
  readonly install?: Install | undefined;
  readonly flanneldSeconds?: number | undefined;
  readonly agentDirectories?: number | undefined;
  /** Path of the admin kubeconfig: its owner is a master. */
  readonly kubeconfig?: string | undefined;
}

/** What installed flannel on the host: how flannel is restarted there depends on it. */
export type Install = Exclude<WordTexts['install'], 'unknown'>;

/**
 * A host's tables in 1,280 bytes, however many entries they have: see `digest/read-digests.ts`. The counts
 * are those of the entries in the sums.
 */
export interface Digest {
  readonly sums: Int32Array;
  readonly counts: Readonly<Record<DigestTable, number>>;
  /** FDB entries that are in no sum: no neighbour entry uses them, because their host got another MAC. */
  readonly ghosts: number;
  readonly tables: ReadonlySet<Table>;
  /** The networks in which the host's underlay addresses lie. */
  readonly subnets: readonly Cidr[];
}

/** What one run learned from one host. */
export type Observation =
  | {
      readonly kind: 'digest';
      readonly host: HostFacts;
      /** Undefined where the host could not read them. */
      readonly devices: readonly Device[] | undefined;
      readonly surroundings?: Surroundings;
      readonly digest: Digest;
      /** Undefined where it sent no packets. */
      readonly packets?: HostPackets | undefined;
      readonly unread: readonly string[];
    }
  | {
      readonly kind: 'tables';
      readonly host: HostFacts;
      readonly tables: Tables;
      /** What the same host had answered before, and could not be explained. */
      readonly digest?: Digest | undefined;
      readonly packets?: HostPackets | undefined;
      /** The entries that the second look asked for, as they were printed. */
      readonly verbatim: readonly PrintedEntry[];
      /** Which tables the host itself could not read, and why. */
      readonly unread: readonly string[];
    }
  | {
      readonly kind: 'unknown';
      readonly instanceId: string;
      /** The name under which the roster knows this host. */
      readonly node?: string | undefined;
      readonly reason: string;
      /** What the reason comes to, where that is known. */
      readonly silence?: SilenceKind | undefined;
      readonly error: ErrorType;
      /** It is slow, and not silent: the next run waits for it again. */
      readonly isSlow?: true;
    };

/** A node as Kubernetes lists it, with the annotations of flannel and of Calico where it has them. */
export interface ClusterNode {
  readonly name: string;
  /** Of the node's object: a node that was deleted and made again under its name has another one. */
  readonly uid?: string | undefined;
  /** The end of `providerID`: of an EC2 instance, its id. */
  readonly instanceId?: string | undefined;
  readonly internalIps: readonly IpAddress[];
  readonly podCidrs: readonly Cidr[];
  /** Flannel's backend: `vxlan`, `host-gw`, … */
  readonly backend?: string | undefined;
  readonly annotated: readonly AnnotatedVtep[];
  /** Calico's, at most one of each family. */
  readonly calico?: readonly CalicoAddresses[] | undefined;
  readonly isControlPlane?: boolean | undefined;
  readonly zone?: string | undefined;
  readonly isUnschedulable?: boolean | undefined;
  /** Epoch milliseconds. */
  readonly createdAt?: number | undefined;
}

export interface AnnotatedVtep {
  readonly family: Family;
  readonly mac?: string | undefined;
  readonly publicIp?: IpAddress | undefined;
  /** What a person set for flannel to publish. */
  readonly overwrite?: IpAddress | undefined;
}

/** The address of Calico's VXLAN device, and the host's own with the length of its network. */
export interface CalicoAddresses {
  readonly family: Family;
  readonly tunnelIp?: IpAddress | undefined;
  readonly address?: Cidr | undefined;
}
