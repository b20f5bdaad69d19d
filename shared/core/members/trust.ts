import type { Vtep } from '../overlay/vtep.ts';
import type { Member } from './member.ts';
import { observedOf, vtepsOf } from './vteps.ts';

/**
 * Whom to believe where a host that was read in full, because its digest differs, contradicts device
 * or roster: it may be the one that is wrong, or one of many that know better.
 */
export type Trust = 'device' | 'peers';

/** Every node's VTEP. A VTEP that only the peers hold is used either way. */
export function trustedVteps(members: readonly Member[], trust: Trust): readonly Vtep[] {
  const known = vtepsOf(members, observedOf(members));
  if (trust === 'peers' || !wasReadInFull(members)) return known;
  const others = observedOf(members).filter(({ digest }) => digest === undefined);
  const own = new Map(vtepsOf(members, others).map((vtep) => [nameOf(vtep), vtep]));
  return known.map((vtep) => keepKnown(vtep, own.get(nameOf(vtep))));
}

function nameOf({ node, family }: Vtep): string {
  return `${family} ${node}`;
}

/** Whether there is a choice at all. */
export function wasReadInFull(members: readonly Member[]): boolean {
  return observedOf(members).some(({ kind, digest }) => kind === 'tables' && digest !== undefined);
}

function keepKnown(known: Vtep, own: Vtep | undefined): Vtep {
  if (own === undefined) return known;
  return {
    ...known,
    underlayIp: own.underlayIp ?? known.underlayIp,
    tunnelIp: own.tunnelIp ?? known.tunnelIp,
    mac: own.mac ?? known.mac,
    podCidr: own.podCidr ?? known.podCidr,
  };
}
