import { carryOut, machineNamed, type Machines } from '../machines/machine.ts';
import { ROSTER } from '../machines/roster.ts';
import { deleteFdb, deleteNeighbour, deleteRoute } from './entries-lost.ts';
import type { Fault } from './fault.ts';

const ALL = ROSTER.map(({ name }) => name);

/** Masters on one side, workers on the other. */
const isMaster = (name: string): boolean => name.startsWith('master');

export const partition: Fault = {
  cause: 'partition',
  told: 'Masters and workers were told that the nodes of the other side had left, and never that they were back.',
  observers: ALL,
  async inject(machines: Machines) {
    await Promise.all(
      ALL.map(async (name) => {
        const others = ALL.filter((other) => isMaster(other) !== isMaster(name));
        for (const other of others) {
          const subject = machineNamed(machines, other);
          for (const undo of [deleteNeighbour, deleteFdb, deleteRoute]) {
            await carryOut(machineNamed(machines, name), undo(subject));
          }
        }
      }),
    );
  },
};
