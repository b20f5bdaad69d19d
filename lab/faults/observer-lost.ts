/** One host loses what it holds of all others. */

import { carryOut, carryOutBatch, type Machine, machineNamed } from '../machines/machine.ts';
import { deviceCommands, OVERLAY_DEVICE } from '../machines/flannel.ts';
import { OBSERVER } from './fault.ts';
import type { Fault } from './fault.ts';

/** An explicit `nud permanent`, for a plain flush spares permanent entries. A change of the device's
 * MAC flushes them too, but would be a second fault: the peers would hold the old MAC. */
export const neighboursFlushed = lostByObserver('neighbours-flushed', {
  told: `Somebody flushed the permanent neighbours of ${OBSERVER}.`,
  breakDown: (observer) => carryOut(observer, `ip neigh flush dev ${OVERLAY_DEVICE} nud permanent`),
});

export const neighboursAndRoutesLost = lostByObserver('neighbours-and-routes-lost', {
  told: `${OVERLAY_DEVICE} of ${OBSERVER} was set down and up again.`,
  async breakDown(observer) {
    await carryOut(observer, `ip link set ${OVERLAY_DEVICE} down`);
    await carryOut(observer, `ip link set ${OVERLAY_DEVICE} up`);
  },
});

/** What flannel from 0.27.4 on does when its device goes: it makes it anew and programs no peer. */
export const tablesEmpty = lostByObserver('tables-empty', {
  told: `The underlay of ${OBSERVER} was restarted, and flannel made ${OVERLAY_DEVICE} anew without its peers.`,
  async breakDown(observer) {
    await carryOut(observer, `ip link del ${OVERLAY_DEVICE}`);
    await carryOutBatch(observer, 'ip', deviceCommands(observer));
  },
});

/** What flannel before 0.27.4 leaves behind when its device goes. */
export const deviceMissing = lostByObserver('device-missing', {
  told: `The underlay of ${OBSERVER} was restarted, and ${OVERLAY_DEVICE} went with it.`,
  breakDown: (observer) => carryOut(observer, `ip link del ${OVERLAY_DEVICE}`),
});

function lostByObserver(
  cause: Fault['cause'],
  fault: { readonly told: string; readonly breakDown: (observer: Machine) => Promise<void> },
): Fault {
  return {
    cause,
    told: fault.told,
    observers: [OBSERVER],
    inject: (machines) => fault.breakDown(machineNamed(machines, OBSERVER)),
  };
}
