import type { RosterEntry } from '../facts.ts';
import { majority } from '../group.ts';
import { FAMILIES, type Family } from '../overlay/addresses.ts';
import type { HostPackets } from '../overlay/packets.ts';
import { deviceFamily, type Profile, profileOf } from '../overlay/profile.ts';
import type {
  ClusterNode,
  Device,
  Digest,
  HostFacts,
  PrintedEntry,
  Tables,
} from '../overlay/vtep.ts';

/** A node that takes part in the overlay, with what each source says of it. */
export interface Member {
  readonly node: string;
  readonly listed: ClusterNode | undefined;
  readonly remembered: RosterEntry | undefined;
  /** What its host answered in this run; undefined while the host is unknown. */
  readonly observed: ObservedHost | undefined;
  /** The list that has it is an earlier run's: this one could not read it. */
  readonly isListKept?: boolean;
  /** Its host is silent, and Systems Manager no longer knows it. */
  readonly isDeregistered?: boolean;
  /** Why this node is checked neither as observer nor as subject, although it may have answered. */
  readonly grace: string | undefined;
}

export type ObservedHost = DigestedHost | ReadHost;

/** A host that answered with a digest alone. */
export interface DigestedHost {
  readonly kind: 'digest';
  readonly host: HostFacts;
  /** Nothing but its devices, and what is around them. */
  readonly tables: Tables;
  readonly digest: Digest;
  /** Undefined where it sent no packets. */
  readonly packets?: HostPackets | undefined;
  readonly verbatim: readonly PrintedEntry[];
}

/** A host that answered with its tables. */
export interface ReadHost {
  readonly kind: 'tables';
  readonly host: HostFacts;
  readonly tables: Tables;
  /** What it had answered before; undefined where it was asked for its tables at once. */
  readonly digest?: Digest | undefined;
  readonly packets?: HostPackets | undefined;
  /** The entries that the second look asked for, as they were printed. */
  readonly verbatim: readonly PrintedEntry[];
}

/** A host's own overlay device of one family. */
export function ownDevice(
  devices: readonly Device[] | undefined,
  family: Family,
): Device | undefined {
  return devices?.find(({ name }) => deviceFamily(name) === family);
}

/**
 * The profile of the cluster: that of most hosts with an overlay device. One host alone must not decide
 * it, since a migration may leave a device behind, and a host may claim any.
 */
export function profileIn(members: readonly Member[]): Profile {
  const profiles = members.flatMap(({ observed }) => {
    const names = FAMILIES.flatMap(
      (family) => ownDevice(observed?.tables.devices, family)?.name ?? [],
    );
    return names.length === 0 ? [] : [profileOf(names)];
  });
  return majority(profiles) ?? profileOf([]);
}
