import { groupBy } from '../group.ts';
import type { Family, IpAddress } from '../overlay/addresses.ts';
import { claimsIn, type VtepParts } from '../overlay/entries.ts';
import type { Tables } from '../overlay/vtep.ts';

/** How many observers are asked; a node that they all know is known. */
const PEERS_ASKED = 50;

/**
 * What the peers hold of a node: the third of the three truths about it, and the only one where
 * neither its own device nor its annotations are known.
 */
export interface PeerClaims {
  /** The part of a VTEP that peers hold together with this one, as most of them have it. */
  part<Sought extends keyof VtepParts>(
    sought: Sought,
    beside: keyof VtepParts,
    known: string | undefined,
  ): Agreement<VtepParts[Sought]> | undefined;
  /**
   * The MAC of the VTEP at an underlay IP. flannel leaves the FDB entry of an old MAC behind at every
   * change, so only MACs to which a neighbour entry of the same host leads count. Where there is none,
   * because the neighbour entry is lost, a MAC counts that has no rival.
   */
  macAt(underlayIp: IpAddress | undefined): Agreement<string> | undefined;
  /** Tunnel IPs that peers tried to reach and have no MAC for. */
  unresolved(): readonly IpAddress[];
}

/** A value that most peers have which hold any. */
export interface Agreement<T> {
  readonly value: T;
  /** How many peers hold it. */
  readonly hosts: number;
  /** No peer holds another value. */
  readonly isUnanimous: boolean;
}

/** What one peer holds. */
interface Claim extends VtepParts {
  readonly host: number;
  /** An FDB entry to whose MAC no neighbour entry of that host leads. */
  readonly isUnused: boolean;
}

export function peerClaims(observers: readonly Tables[], family: Family): PeerClaims {
  const claims = observers
    .slice(0, PEERS_ASKED)
    .flatMap((tables, host) => claimsOf(tables, { family, host }));
  const by = {
    podCidr: groupBy(claims, ({ podCidr }) => podCidr ?? ''),
    tunnelIp: groupBy(claims, ({ tunnelIp }) => tunnelIp ?? ''),
    mac: groupBy(claims, ({ mac }) => mac ?? ''),
    underlayIp: groupBy(claims, ({ underlayIp }) => underlayIp ?? ''),
  };
  return {
    part: (sought, beside, known) =>
      known === undefined
        ? undefined
        : agreementOn(by[beside].get(known) ?? [], (claim) => claim[sought]),
    macAt: (underlayIp) => {
      const found = underlayIp === undefined ? [] : (by.underlayIp.get(underlayIp) ?? []);
      const used = agreementOn(
        found.filter(({ isUnused }) => !isUnused),
        ({ mac }) => mac,
      );
      if (used !== undefined) return used;
      const unused = agreementOn(found, ({ mac }) => mac);
      return unused?.isUnanimous === true ? unused : undefined;
    },
    // Only a neighbour entry can have nothing beside its key.
    unresolved: () => [
      ...new Set(
        claims.flatMap(({ podCidr, tunnelIp, mac }) =>
          tunnelIp === undefined || podCidr !== undefined || mac !== undefined ? [] : tunnelIp,
        ),
      ),
    ],
  };
}

function claimsOf(
  tables: Tables,
  { family, host }: { readonly family: Family; readonly host: number },
): readonly Claim[] {
  const { neighbours, incomplete } = tables;
  // Where the neighbour table is not known as a whole, any MAC may be in use.
  const used =
    neighbours === undefined || incomplete?.has('neighbour') === true
      ? undefined
      : new Set(neighbours.map(({ mac }) => mac));
  return claimsIn(tables, family).map((claim) => ({
    ...claim,
    host,
    isUnused: claim.underlayIp !== undefined && used?.has(claim.mac) === false,
  }));
}

/** The value that most hosts have; of equals the first. */
function agreementOn<T>(
  claims: readonly Claim[],
  valueOf: (claim: Claim) => T | undefined,
): Agreement<T> | undefined {
  const hostsBy = new Map<T, Set<number>>();
  for (const claim of claims) {
    const value = valueOf(claim);
    if (value === undefined) continue;
    const hosts = hostsBy.get(value);
    if (hosts === undefined) hostsBy.set(value, new Set([claim.host]));
    else hosts.add(claim.host);
  }
  const [most] = [...hostsBy].toSorted(([, one], [, two]) => two.size - one.size);
  return most && { value: most[0], hosts: most[1].size, isUnanimous: hostsBy.size === 1 };
}
