import type { Cause } from '../../shared/contract/causes.ts';
import { carryOut, type Host, machineNamed, type Machines } from '../machines/machine.ts';
import { ROSTER } from '../machines/roster.ts';
import { SUBJECT } from './fault.ts';
import type { Fault } from './fault.ts';

/** The subject's peers, by name. */
export const PEERS: readonly string[] = ROSTER.map(({ name }) => name).filter(
  (name) => name !== SUBJECT,
);

/** A fault that changes what every peer holds of the subject. */
export function onPeers(
  cause: Cause,
  told: string,
  commands: (subject: Host) => readonly string[],
): Fault {
  return {
    cause,
    told,
    subject: SUBJECT,
    observers: PEERS,
    async inject(machines: Machines) {
      const subject = machineNamed(machines, SUBJECT);
      await Promise.all(
        PEERS.map(async (name) => {
          const peer = machineNamed(machines, name);
          for (const command of commands(subject)) await carryOut(peer, command);
        }),
      );
    },
  };
}
