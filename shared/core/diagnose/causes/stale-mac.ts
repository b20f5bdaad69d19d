import type { CauseRule } from '../cause-rule.ts';

/**
 * Observers hold another MAC than the subject's device, which agrees with its annotation: they missed
 * the change. Before flannel 0.24.1 every reboot of a node changes its MAC.
 */
export const staleMac: CauseRule = {
  cause: 'stale-mac',
  recognise: {
    kind: 'cell',
    signatures: [{ neighbour: 'changed', fdb: 'any', route: 'any' }],
    macTruth: 'agrees',
  },
  pages: true,
  says: ({ subject, observers }) =>
    `The VTEP MAC of ${subject} on ${observers} is an old one: device and annotation agree on another.`,
  effect: ({ subject, observers }) =>
    `Packets to ${subject} from ${observers} are dropped there: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
