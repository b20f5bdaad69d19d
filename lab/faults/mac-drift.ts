import { carryOut, machineNamed } from '../machines/machine.ts';
import { OVERLAY_DEVICE } from '../machines/flannel.ts';
import { SUBJECT } from './fault.ts';
import type { Fault } from './fault.ts';
import { PEERS } from './on-peers.ts';

const DRIFTED_MAC = 'b2:1f:9c:08:64:ee';

/** The kernel flushes a device's neighbours when its MAC changes, so the subject loses its own too. */
export const macDrift: Fault = {
  cause: 'mac-drift',
  told: `udev gave ${OVERLAY_DEVICE} of ${SUBJECT} a MAC of its own choice.`,
  subject: SUBJECT,
  observers: PEERS,
  annotations: 'read',
  inject: (machines) =>
    carryOut(
      machineNamed(machines, SUBJECT),
      `ip link set dev ${OVERLAY_DEVICE} address ${DRIFTED_MAC}`,
    ),
};
