import type { CauseRule } from '../cause-rule.ts';

/**
 * The host has no VXLAN device, although it has a VTEP: deleted with the interface below it.
 */
export const deviceMissing: CauseRule = {
  cause: 'device-missing',
  recognise: { kind: 'device' },
  pages: true,
  says: ({ observers }) => `There is no VXLAN device on ${observers}.`,
  effect: ({ observers }) =>
    `Pods on ${observers} reach no pod of another node, and their answers are lost, while every node stays Ready.`,
  mendAt: 'observers',
};
