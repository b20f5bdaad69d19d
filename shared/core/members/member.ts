import type { RosterEntry } from '../facts.ts';
import type { ClusterNode, Digest, HostFacts, PrintedEntry, Tables } from '../overlay/vtep.ts';

/** A node that takes part in the overlay, with what each source says of it. */
export interface Member {
  readonly node: string;
  readonly listed: ClusterNode | undefined;
  readonly remembered: RosterEntry | undefined;
  /** What its host answered in this run; undefined while the host is unknown. */
  readonly observed: ObservedHost | undefined;
  /** Why this node is judged neither as observer nor as subject, although it may have answered. */
  readonly grace: string | undefined;
}

export interface ObservedHost {
  readonly host: HostFacts;
  /** Of a host that answered with a digest alone, nothing but its devices. */
  readonly tables: Tables;
  readonly digest?: Digest | undefined;
  /** Whether it was asked for its tables, and not for a digest alone. */
  readonly inFull: boolean;
  readonly verbatim: readonly PrintedEntry[];
}
