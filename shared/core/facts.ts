import type { Limits } from '../contract/settings.ts';
import type { Problem, Site } from '../contract/report.ts';
import type { RememberedApi } from './latency.ts';
import type { Family } from './overlay/addresses.ts';
import type { KnownNodes } from './nodes/known-nodes.ts';
import type { DaemonSet } from './overlay/restart.ts';
import type { PacketHistory } from './overlay/packets.ts';
import type { Observation, Vtep } from './overlay/vtep.ts';

/** All that a run learned, and all that the core is given. */
export interface Facts {
  readonly cluster: string;
  /** When the run began, epoch milliseconds: the core owns no clock. */
  readonly now: number;
  readonly limits: Limits;
  /** Where pages say that the runbook is. Default: beside this program. */
  readonly runbook?: string | undefined;
  /** Undefined where nothing was gathered through AWS. */
  readonly site?: Site | undefined;
  readonly nodes: NodeList;
  /** Names out of the masters' `kubectl get nodes`, where nothing better is known. */
  readonly listedNames: readonly string[];
  /** The CNI's DaemonSets, as far as they are known. */
  readonly daemonSets: readonly DaemonSet[];
  readonly observations: readonly Observation[];
  readonly roster: readonly RosterEntry[];
  /** What is remembered of the masters' API servers. */
  readonly apis?: readonly RememberedApi[] | undefined;
  /** Managed-node ids of the roster that Systems Manager no longer knows. */
  readonly gone?: ReadonlySet<string> | undefined;
  /** What gathering could not read or understand. */
  readonly problems: readonly Problem[];
}

/** The node list of Kubernetes. */
export type NodeList =
  /** There is nobody who could report one: the hosts' own answers take its place. */
  | { readonly kind: 'not-configured' }
  /** None has ever come, though somebody could report one: until it comes, nothing is paged. */
  | { readonly kind: 'unread' }
  | KnownNodes;

/**
 * What is remembered of a node from run to run, so that a silent host is unknown and not forgotten.
 */
export interface RosterEntry {
  readonly node: string;
  readonly instanceId?: string | undefined;
  /** The beginning of its boot id, of a host whose `instanceId` may change. */
  readonly boot?: string | undefined;
  readonly vteps: readonly Vtep[];
  readonly master: boolean;
  /** Epoch milliseconds. */
  readonly lastSeen: number;
  /** Undefined before it tried or was tried with packets. */
  readonly packets?: PacketHistory | undefined;
  /** Its VXLAN devices, at most one of each family. */
  readonly devices: readonly RememberedDevice[];
}

export interface RememberedDevice {
  readonly family: Family;
  /** The kernel's index: another one means that the device was made anew. */
  readonly index: number;
  /** When a run first saw it in place of another one, epoch milliseconds. */
  readonly since?: number | undefined;
}
