/** Peers lose entries of the subject. Flannel does so itself when it rolls back a failed write:
 * flannel@cdf76059 pkg/backend/vxlan/vxlan_network.go, handleSubnetEvents. */

import { OVERLAY_DEVICE } from '../machines/flannel.ts';
import type { Host } from '../machines/machine.ts';
import { SUBJECT } from './fault.ts';
import { onPeers } from './on-peers.ts';

export const neighbourMissing = onPeers(
  'neighbour-missing',
  `Flannel on every peer announced ${SUBJECT} anew, could not write the FDB entry, and took the neighbour entry back.`,
  (subject) => [deleteNeighbour(subject)],
);

export const fdbMissing = onPeers(
  'fdb-missing',
  `The FDB entry of ${SUBJECT} was deleted on every peer.`,
  (subject) => [deleteFdb(subject)],
);

export const routeMissing = onPeers(
  'route-missing',
  `The route to the pods of ${SUBJECT} was deleted on every peer.`,
  (subject) => [deleteRoute(subject)],
);

export const entriesMissing = onPeers(
  'entries-missing',
  `Flannel on every peer could not write the route to ${SUBJECT} anew, and took the neighbour and FDB entries back.`,
  (subject) => [deleteNeighbour(subject), deleteFdb(subject)],
);

export const neverProgrammed = onPeers(
  'never-programmed',
  `Flannel on every peer lost the event that ${SUBJECT} joined, and programmed nothing of it.`,
  (subject) => [deleteNeighbour(subject), deleteFdb(subject), deleteRoute(subject)],
);

export function deleteNeighbour({ tunnelIp }: Host): string {
  return `ip neigh del ${tunnelIp} dev ${OVERLAY_DEVICE}`;
}

export function deleteFdb({ vtepMac, underlayIp }: Host): string {
  return `bridge fdb del ${vtepMac} dev ${OVERLAY_DEVICE} dst ${underlayIp} self`;
}

export function deleteRoute({ podCidr, tunnelIp }: Host): string {
  return `ip route del ${podCidr} via ${tunnelIp} dev ${OVERLAY_DEVICE}`;
}
