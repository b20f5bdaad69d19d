import type { CauseRule } from '../cause-rule.ts';

/**
 * Observers hold another MAC than the subject's device, and nothing tells which of them is right.
 */
export const macMismatch: CauseRule = {
  cause: 'mac-mismatch',
  recognise: {
    kind: 'cell',
    signatures: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
    macTruth: 'unknown',
  },
  pages: true,
  says: ({ subject, observers }) =>
    `The VTEP MAC of ${subject} on ${observers} is not that of the device. Where the node's annotation flannel.alpha.coreos.com/backend-data holds the device's MAC, the peers are stale; else the device has drifted.`,
  effect: ({ subject, observers }) =>
    `Packets to ${subject} from ${observers} are dropped there: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
