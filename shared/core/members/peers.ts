import { groupBy, majority } from '../group.ts';
import type { Family, IpAddress } from '../overlay/addresses.ts';
import { claimsIn, type VtepParts } from '../overlay/entries.ts';
import type { Tables } from '../overlay/vtep.ts';

/** How many observers are asked; a node that they all know is known. */
const PEERS_ASKED = 50;

/**
 * What the peers hold of a node: the third of the three truths about it, and the only one where
 * neither its own device nor its annotations are known. The peers' majority is believed.
 */
export interface PeerClaims {
  /** The part of a VTEP that peers hold together with this one. */
  part<Sought extends keyof VtepParts>(
    sought: Sought,
    beside: keyof VtepParts,
    known: string | undefined,
  ): VtepParts[Sought];
  /** Tunnel IPs that peers tried to reach and have no MAC for. */
  unresolved(): readonly IpAddress[];
}

export function peerClaims(observers: readonly Tables[], family: Family): PeerClaims {
  const claims = observers.slice(0, PEERS_ASKED).flatMap((tables) => claimsIn(tables, family));
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
        : majority((by[beside].get(known) ?? []).map((claim) => claim[sought]).filter(isKnown)),
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

function isKnown<T>(part: T | undefined): part is T {
  return part !== undefined;
}
