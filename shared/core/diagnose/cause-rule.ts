import type { Cause, Scope, Severity, Table } from '../../contract/causes.ts';
import type { FixKind, Loss, LossPlace } from '../../contract/report.ts';
import type { Limits } from '../../contract/settings.ts';
import type { Agent } from '../overlay/profile.ts';
import type { Signature } from './signatures.ts';

/**
 * How one cause is recognised, how long it must last before it pages, what it means to people, and
 * what fixes it. A new cause is one line in contract/causes.ts, one row here, and a fault in the lab.
 */
export interface CauseRule {
  readonly signature: Signature;
  readonly patience: Patience;
  readonly harm: Harm;
  /** What it does once it is critical, where that is more. */
  readonly criticalHarm?: Harm;
  /** What is wrong. */
  readonly summary: (names: Names) => string;
  /** What users notice. */
  readonly effect: (names: Names) => string;
  readonly fix: FixRule;
  /**
   * The fault also damages what the subject itself holds of others: its whole row is part of the
   * fault, where the subject's own device shows that it is at fault.
   */
  readonly damagesOwnRow?: true;
  /** States of the same nodes that are a part of this one. */
  readonly includes?: readonly Cause[];
  /** Peers show the same of a node that is leaving: where no list has it, the fault must last. */
  readonly isLikeLeaving?: true;
  /**
   * A state because of which other nodes lose the entries of its node. A loss of these causes at half of the
   * checked nodes or more is named after the state; beside any other loss it is a part of that.
   */
  readonly losesAs?: readonly Cause[];
  /** It is found by packets: the second look sends them again. */
  readonly isOfPackets?: true;
  /** What of the subject the observers contradict: who is wrong depends on who knows it. */
  readonly contradicts?: 'underlay';
}

/** Seconds for which a fault must last before it pages. */
export type Patience = (
  fault: {
    readonly scope: Scope;
    readonly severity: Severity;
    readonly mayBeLeaving?: true | undefined;
  },
  limits: Limits,
) => number;

/**
 * `unreachable`: packets between the nodes are lost. `temporary`: they arrive, as long as the kernel
 * keeps an entry that flannel never sets again. `large-packets`: small ones arrive, large ones may not.
 * `connections`: ICMP arrives, and no TCP connection is answered. `misdirected`: those for some pods may go
 * elsewhere. `latent`: they arrive, until an entry is to be set anew.
 * `late-answers`, `no-answers`: packets arrive, and what API servers answer comes late, or does not come.
 */
export type Harm =
  | 'unreachable'
  | 'temporary'
  | 'large-packets'
  | 'connections'
  | 'misdirected'
  | 'latent'
  | 'late-answers'
  | 'no-answers';

/**
 * Whom a sentence is about, ready for a page: `master1`, `all 5 checked nodes`. Each may be one node
 * or several, so no verb of a sentence may depend on it.
 */
export interface Names {
  readonly subject: string;
  readonly observers: string;
  /** The subject's VXLAN device, by its name where all entries are on one device. */
  readonly device: string;
  readonly tables: readonly Table[];
  /** What programs the entries: each has annotations and habits of its own. */
  readonly agent: Agent;
  /** Which packets are lost, where it is not all of them. */
  readonly loss: Loss | undefined;
  /** And where, as far as it shows. */
  readonly lossAt: LossPlace | undefined;
}

/** What fixes a fault: the safe step first. */
export interface FixRule {
  /** The side that is at fault: what it holds, or has, differs from what everybody else knows. */
  readonly at: FixSide;
  readonly steps: readonly FixStep[];
  /**
   * The subject is itself at fault where it has no annotations and others have them, or where no interface of
   * its host has the underlay IP that they name.
   */
  readonly unannounced?: 'subject';
}

type FixSide = 'observers' | 'subject';

/** One step: what is done, on whose hosts, and when; without a condition in any case. */
export type FixStep =
  | {
      readonly kind: Exclude<FixKind, 'look' | 'removal' | 'mac' | 'pace'>;
      readonly at: FixSide;
      readonly condition?: string | Readonly<Record<Agent, string>>;
    }
  /** What the state of the subject itself comes from is taken away there, or changed. */
  | {
      readonly kind: 'removal' | 'mac';
      readonly at: 'subject';
      readonly condition?: string;
      readonly interrupts: string;
    }
  /**
   * `macs`: the subject's own MAC and that of its annotation. `mtus`: those of a host's interfaces. `nodes`:
   * what the API servers list. `routes`, `addresses`: those of the subject's host. `apis`: which of the
   * aggregated APIs are available. `listeners`: what listens on an API server's port. `pod-cidrs`: which the nodes
   * have, and since when. `own-pod-cidr`: that of the subject, where no list has it. `machine-ids`, `underlays`: those of the hosts that claim one thing.
   * `packets`: what may drop packets on the subject's host.
   */
  | {
      readonly kind: 'look';
      readonly at:
        | 'macs'
        | 'mtus'
        | 'nodes'
        | 'routes'
        | 'addresses'
        | 'apis'
        | 'listeners'
        | 'pod-cidrs'
        | 'own-pod-cidr'
        | 'machine-ids'
        | 'underlays'
        | 'packets';
    };
