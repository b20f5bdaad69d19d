import { type Table, TABLES } from '../shared/contract/causes.ts';
import type { Host } from './machines/machine.ts';

/** Hosts by their names, or every host of the cluster. */
export type Hosts = readonly string[] | 'all';

/**
 * What can happen to a cluster, whether or not it is a fault. Real, modelled and simulated hosts all
 * suffer it, and it adds to what happened before.
 */
export type Damage =
  | EntryDamage
  | DeviceDamage
  | SurroundingDamage
  | PacketDamage
  | ListDamage
  | ApiServerDamage
  | Change
  | ReadDamage
  | AgentDamage;

/** Damage to what hosts hold of others. No host ever holds entries for itself. */
export type EntryDamage =
  /** Hosts lose their entries for others. */
  | {
      readonly kind: 'lost';
      readonly tables: readonly Table[];
      readonly on: Hosts;
      readonly of: Hosts;
    }
  /** flannel was given DirectRouting: hosts reach all others by direct routes, and need no entry of the overlay. */
  | { readonly kind: 'direct-routing'; readonly on: Hosts }
  /** Hosts lose their direct routes to others. */
  | { readonly kind: 'direct-lost'; readonly on: Hosts; readonly of: Hosts }
  /** Of all entries on all hosts, this share is lost, the same in each run. */
  | { readonly kind: 'lost-at-random'; readonly share: number; readonly seed: number }
  /** Hosts hold what flannel would program for this host, which may differ from what a host of its
   * name is now. It takes the place of an entry with the same key. */
  | {
      readonly kind: 'held';
      readonly tables: readonly Table[];
      readonly on: Hosts;
      readonly of: Host;
      /** The state of the neighbour entry. Default: as flannel programs it. */
      readonly state?: NeighbourState;
    }
  /** Hosts keep so many FDB entries for MACs that other hosts' devices had in earlier lives. */
  | { readonly kind: 'ghosts'; readonly on: Hosts; readonly each: number }
  /** flannel is writing the tables: they have the first peers so far, this share of all. */
  | { readonly kind: 'half-written'; readonly on: Hosts; readonly share: number };

/** `INCOMPLETE` and `FAILED` have no MAC. */
export type NeighbourState = 'PERMANENT' | 'REACHABLE' | 'STALE' | 'INCOMPLETE' | 'FAILED';

/** Damage to a host's own overlay device, with what the kernel then takes from its tables. */
export type DeviceDamage =
  | { readonly kind: 'device-deleted'; readonly on: Hosts }
  | { readonly kind: 'device-down'; readonly on: Hosts }
  /** Down and up again: without neighbours and routes. */
  | { readonly kind: 'device-bounced'; readonly on: Hosts }
  /** Deleted and made again by flannel, without a peer: flannel from 0.27.4 on. */
  | { readonly kind: 'device-remade'; readonly on: Hosts }
  /** The kernel flushes the neighbours of a device whose MAC is changed. */
  | { readonly kind: 'mac-changed'; readonly on: Hosts; readonly mac: string }
  /** It has another tunnel IP. The kernel takes nothing from its tables. */
  | { readonly kind: 'address-changed'; readonly on: Hosts; readonly address: string }
  /** flannel was given another port: the device is made anew with it, and its peers are programmed. */
  | { readonly kind: 'port-changed'; readonly on: Hosts; readonly port: number }
  /** In bytes. The kernel takes nothing from its tables. */
  | { readonly kind: 'mtu-changed'; readonly on: Hosts; readonly mtu: number };

/** What a host has besides its overlay, in the way of the pods of others. */
type SurroundingDamage =
  /** A route without a gateway through this device, or a blackhole, in place of one to the same range. flannel
   * never removes it. */
  | {
      readonly kind: 'route-added';
      readonly on: Hosts;
      readonly range: string;
      readonly through: string;
    }
  /** The bridge of an earlier installation, which no pod of this one uses. */
  | { readonly kind: 'bridge-made'; readonly on: Hosts; readonly address: string };

/** What becomes of the overlay's packets at a host, whose tables stay as they are. */
export type PacketDamage =
  /** A firewall drops those that come in or go out. */
  | {
      readonly kind: 'packets-dropped';
      readonly on: Hosts;
      readonly direction: 'in' | 'out' | 'both';
      readonly which: PacketKind;
      /** Those from and to these nodes; default all. */
      readonly between?: readonly string[];
    }
  /** Another program gets what comes in at the overlay's port. */
  | { readonly kind: 'port-taken'; readonly on: Hosts }
  /** Neither happens any more. */
  | { readonly kind: 'packets-passed'; readonly on: Hosts }
  /** The interface that carries the overlay has another MTU, in bytes, and the overlay's device keeps its own. */
  | { readonly kind: 'underlay-mtu-changed'; readonly on: Hosts; readonly mtu: number };

/**
 * `large`: of more than 1,400 bytes. `tcp`, `icmp`: by what is inside. `unsummed`: TCP without its resets, which the
 * kernel sums up itself, as where a network card writes wrong checksums.
 */
export type PacketKind = 'all' | 'large' | 'tcp' | 'unsummed' | 'icmp';

/** What the API server of a master does from now on. No host holds anything else because of it. */
export type ApiServerDamage = {
  readonly kind: 'api-server';
  readonly on: Hosts;
  readonly is: ApiConduct;
};

/** `delaySeconds`: it lists nodes so much later, as one does that waits for etcd or for a webhook. */
export type ApiConduct = 'well' | 'stopped' | { readonly delaySeconds: number };

/** What belongs to the life of a cluster, and is no fault. */
export type Change =
  /** flannel programs every peer anew. It removes nothing. */
  | { readonly kind: 'flannel-restarted'; readonly on: Hosts }
  /** The kernel starts anew with empty tables; flannel makes the device and programs all peers when
   * it starts, so many seconds after the boot. */
  | { readonly kind: 'rebooted'; readonly on: Hosts; readonly flanneldSeconds: number }
  /** A host is in the cluster from now on, and all hold its entries. */
  | { readonly kind: 'joined'; readonly host: Host }
  /** Hosts are gone, and their peers hold nothing of them. */
  | { readonly kind: 'left'; readonly on: Hosts };

/** The node's object says this of a host, which runs on as it is. */
interface ListDamage {
  readonly kind: 'listed';
  readonly as: Host;
}

/** The script cannot read a table of these hosts; `reason` is its word for why. */
interface ReadDamage {
  readonly kind: 'unreadable';
  readonly on: Hosts;
  readonly table: Table;
  readonly reason: string;
}

/** What the SSM agent of a host does to commands and answers. */
export type AgentDamage =
  /** The agent has no room for the output: both streams are empty, whatever it reports. */
  | { readonly kind: 'disk-full'; readonly on: Hosts; readonly reports: 'Success' | 'Failed' }
  /** The agent was restarted while the command ran, runs it once more, and appends its output. */
  | { readonly kind: 'run-twice'; readonly on: Hosts }
  /** A signal kills the script, as the kernel does where memory runs out. */
  | { readonly kind: 'script-killed'; readonly on: Hosts }
  /** The service refused the agent, which now asks again once an hour and takes no command. */
  | { readonly kind: 'agent-hibernates'; readonly on: Hosts }
  /** The instance was terminated. Its node object and its peers' entries are still there. */
  | { readonly kind: 'instance-gone'; readonly on: Hosts }
  /** The agent receives nothing and answers nothing for so long. */
  | { readonly kind: 'agent-restarted'; readonly on: Hosts; readonly milliseconds: number };

/** Two groups of hosts hold nothing of each other. */
export function partition(
  some: readonly string[],
  others: readonly string[],
): readonly EntryDamage[] {
  return [
    { kind: 'lost', tables: TABLES, on: some, of: others },
    { kind: 'lost', tables: TABLES, on: others, of: some },
  ];
}
