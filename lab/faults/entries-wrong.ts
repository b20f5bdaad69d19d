/** Peers hold something else of the subject than what is true. */

import { OVERLAY_DEVICE } from '../machines/flannel.ts';
import type { Host } from '../machines/machine.ts';
import { SUBJECT } from './fault.ts';
import type { Fault } from './fault.ts';
import { onPeers } from './on-peers.ts';

/** What the subject had in an earlier life. */
const OLD_MAC = '6e:0d:51:c7:22:9b';
const OLD_UNDERLAY_IP = '192.168.1.240';

export const neighbourNotPermanent = onPeers(
  'neighbour-not-permanent',
  `The neighbour entry of ${SUBJECT} on every peer was replaced by one that ages.`,
  ({ tunnelIp, vtepMac }) => [neighbour(tunnelIp, vtepMac, 'stale')],
);

/**
 * Before flannel 0.24.1 every reboot gives a new MAC. Here the peers are given the old one, which
 * comes to the same, and spares the subject's annotation a change.
 */
export const staleMac: Fault = {
  ...onPeers(
    'stale-mac',
    `${SUBJECT} came back from a reboot with a new MAC, and flannel on every peer missed the change.`,
    holdOldMac,
  ),
  annotations: 'read',
};

/** The same tables, seen without the annotation that would say who is right. */
export const macMismatch: Fault = {
  ...onPeers(
    'mac-mismatch',
    `${SUBJECT} and its peers hold different MACs for it, and no annotation says which is right.`,
    holdOldMac,
  ),
  annotations: 'unread',
};

export const underlayMoved = onPeers(
  'underlay-moved',
  `${SUBJECT} was moved to another underlay IP, and flannel on every peer missed the change.`,
  ({ vtepMac }) => [fdb('replace', vtepMac, OLD_UNDERLAY_IP)],
);

function holdOldMac({ tunnelIp, vtepMac, underlayIp }: Host): readonly string[] {
  return [
    neighbour(tunnelIp, OLD_MAC, 'permanent'),
    fdb('del', vtepMac, underlayIp),
    fdb('replace', OLD_MAC, underlayIp),
  ];
}

function neighbour(tunnelIp: string, mac: string, state: 'permanent' | 'stale'): string {
  return `ip neigh replace ${tunnelIp} lladdr ${mac} dev ${OVERLAY_DEVICE} nud ${state}`;
}

function fdb(verb: 'replace' | 'del', mac: string, underlayIp: string): string {
  return `bridge fdb ${verb} ${mac} dev ${OVERLAY_DEVICE} dst ${underlayIp} self permanent`;
}
