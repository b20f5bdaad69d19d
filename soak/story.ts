import type { Table } from '../shared/contract/causes.ts';
import type { AgentTrouble } from './world/host.ts';

/** How a cluster's monitor is deployed. */
export const DEPLOYMENTS = ['default', 'kubeconfig', 'nolist'] as const;

/**
 * `kubeconfig`: the node list comes from the API. `default`: no kubeconfig; masters are found by theirs.
 * `nolist`: no kubeconfig, and no host that Systems Manager reaches is a master.
 */
export type Deployment = (typeof DEPLOYMENTS)[number];

/** All that happens to one cluster, as data: it is played again, and it is made shorter. */
export interface Story {
  readonly name: string;
  readonly nodes: number;
  /** The first so many nodes. */
  readonly masters: number;
  /** Whether flannel gives a new device the old MAC, as it does since 0.24.1. */
  readonly keepsMac: boolean;
  /** How many ticks of the schedule, one a minute. */
  readonly ticks: number;
  readonly events: readonly StoryEvent[];
}

export type StoryEvent = Happening & {
  /** Seconds since the story began. */
  readonly at: number;
};

/** Seconds are counted from the event's own moment unless said. Nodes go by name. */
export type Happening = Churn | ServiceTrouble | TickTrouble | Fault;

type Churn =
  /** A host is launched. Its node object is made, and flanneld starts so long after that. */
  | {
      readonly kind: 'join';
      readonly node: string;
      readonly address: number;
      readonly cidr: number;
      readonly objectAfter: number;
      readonly flanneldAfter: number;
    }
  | {
      readonly kind: 'leave';
      readonly node: string;
      readonly objectGoneAfter: number;
      readonly hostOffAfter: number;
      /** After the host is off. */
      readonly deregisteredAfter: number;
    }
  | {
      readonly kind: 'reboot';
      readonly node: string;
      readonly downFor: number;
      /** After the boot. */
      readonly flanneldAfter: number;
    }
  | { readonly kind: 'restart-flanneld'; readonly node: string; readonly downFor: number }
  /** flanneld is restarted on all nodes in turn. */
  | {
      readonly kind: 'roll-cni';
      readonly gap: number;
      readonly downFor: number;
      readonly newDevices: boolean;
    }
  | {
      readonly kind: 'agent';
      readonly node: string;
      readonly trouble: AgentTrouble;
      readonly lasts: number;
    };

type ServiceTrouble =
  /** Systems Manager refuses this share of the calls. */
  | { readonly kind: 'throttle'; readonly share: number; readonly lasts: number }
  | { readonly kind: 'list-fails'; readonly lasts: number }
  | {
      readonly kind: 'stale-master';
      readonly node: string;
      readonly lag: number;
      readonly lasts: number;
    };

type TickTrouble = {
  readonly kind: 'tick';
  /** `late`: the function is invoked so much later. `doubled`: it is invoked again so much later.
   * `future`: the tick's own time is so far ahead. `missing`: it is not invoked. */
  readonly how: 'late' | 'doubled' | 'future' | 'missing';
  readonly seconds: number;
};

/** Real damage, and its repair by a person, if there is one. */
export interface Fault {
  readonly kind: 'fault';
  readonly fault: string;
  readonly damage: Damage;
  readonly repairedAfter: number | undefined;
  /** How long the person takes from the first host to the last. */
  readonly repairLasts: number;
}

/** Nodes by name; `others` are all that are there except the subject. */
export type Observers = readonly string[] | 'others';

/** The vocabulary of damage: what is done to kernels and nodes, never what it is called. */
export type Damage =
  | {
      readonly kind: 'entries-lost';
      readonly tables: readonly Table[];
      readonly subjects: readonly string[];
      readonly observers: Observers;
    }
  | { readonly kind: 'not-permanent'; readonly subject: string; readonly observers: Observers }
  /** The subject's device and annotation have a new MAC, of which these peers were not told. */
  | { readonly kind: 'old-mac'; readonly subject: string; readonly observers: Observers }
  /** The subject's node object is deleted and made again while its flanneld runs, which annotates it only when it starts. */
  | { readonly kind: 'unannounced'; readonly subject: string }
  /** The device's MAC is changed behind flannel's back. */
  | { readonly kind: 'drift'; readonly subject: string }
  /** A host has a blackhole in the subject's pods until it boots: a fault that pages nobody. */
  | { readonly kind: 'blackhole'; readonly observer: string; readonly subject: string }
  /** A network of another interface of the subject takes the place of its route to the peer's pods. */
  | { readonly kind: 'overlap'; readonly subject: string; readonly peer: string }
  /** The subject has a bridge for pods with this address, `10.99.4.1/24`, until it boots: a fault that pages nobody. */
  | { readonly kind: 'bridge'; readonly subject: string; readonly address: string }
  /** The device gets another tunnel IP than that of its pod CIDR. */
  | { readonly kind: 'address'; readonly subject: string; readonly address: string }
  /** The device gets another UDP port than those of the others. */
  | { readonly kind: 'port'; readonly subject: string; readonly port: number }
  /** The device gets an MTU that no other has, in bytes: a fault that pages nobody. */
  | { readonly kind: 'mtu'; readonly subject: string; readonly mtu: number }
  /** The FDB of these peers leads elsewhere. */
  | { readonly kind: 'old-address'; readonly subject: string; readonly observers: Observers }
  | {
      readonly kind: 'flush';
      readonly observers: readonly string[];
      readonly tables: readonly Table[];
    }
  | { readonly kind: 'device-gone'; readonly observers: readonly string[] }
  | { readonly kind: 'device-down'; readonly observers: readonly string[] }
  /** The side and the rest hold nothing of each other. */
  | { readonly kind: 'partition'; readonly side: readonly string[] }
  /** A firewall, a network or a network card loses packets of these nodes, whose tables are right; a boot ends nothing of it. */
  | ({ readonly kind: 'packets-lost'; readonly nodes: readonly string[] | 'all' } & PacketLoss);

/** `connections`: the host sums up checksums wrongly, so that no connection begins; refusals and ICMP pass. */
export interface PacketLoss {
  readonly which: 'all' | 'large' | 'connections';
  /** As the host sees it. */
  readonly direction: 'in' | 'out' | 'both';
}

/** `master1`, …, then `node1`, …: the names of a cluster's first nodes. */
export function firstNames({
  nodes,
  masters,
}: Pick<Story, 'nodes' | 'masters'>): readonly string[] {
  return Array.from({ length: nodes }, (_, at) =>
    at < masters ? `master${at + 1}` : `node${at - masters + 1}`,
  );
}
