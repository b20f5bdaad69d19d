import type { Vtep } from '../overlay/vtep.ts';
import type { Member } from './member.ts';
import { observedOf, vtepsOf } from './vteps.ts';

/**
 * Whom to believe where a host that was read in full, because its digest differs, contradicts device
 * or roster: it may be the one that is wrong, or one of many that know better.
 */
export type Trust = 'device' | 'peers';

/** Every node's VTEP. What only the peers tell is believed either way. */
export function trustedVteps(members: readonly Member[], trust: Trust): readonly Vtep[] {
  const told = vtepsOf(members, observedOf(members));
  if (trust === 'peers' || !wasReadInFull(members)) return told;
  const others = observedOf(members).filter(({ digest }) => digest === undefined);
  const own = new Map(vtepsOf(members, others).map((vtep) => [nameOf(vtep), vtep]));
  return told.map((vtep) => keepKnown(vtep, own.get(nameOf(vtep))));
}

function nameOf({ node, family }: Vtep): string {
  return `${family} ${node}`;
}

/** Whether there is a choice at all. */
export function wasReadInFull(members: readonly Member[]): boolean {
  return observedOf(members).some(({ digest, inFull }) => digest !== undefined && inFull);
}

function keepKnown(told: Vtep, own: Vtep | undefined): Vtep {
  if (own === undefined) return told;
  return {
    ...told,
    underlayIp: own.underlayIp ?? told.underlayIp,
    tunnelIp: own.tunnelIp ?? told.tunnelIp,
    mac: own.mac ?? told.mac,
    podCidr: own.podCidr ?? told.podCidr,
  };
}
