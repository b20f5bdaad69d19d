import type { CauseRule } from '../cause-rule.ts';

/**
 * The subject's device has another MAC than its annotation, which the observers rightly hold: udev,
 * NetworkManager or a person changed it. The change also flushes the host's own neighbour entries,
 * which is part of this fault and no fault of its own.
 */
export const macDrift: CauseRule = {
  cause: 'mac-drift',
  recognise: {
    kind: 'cell',
    signatures: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
    macTruth: 'differs',
  },
  pages: true,
  says: ({ subject, observers }) =>
    `The MAC of the VXLAN device of ${subject} is no longer that of its annotation, which stands rightly on ${observers}.`,
  effect: ({ subject, observers }) =>
    `Packets to ${subject} from ${observers} are dropped there: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'subject',
};
