import type { CauseRule } from '../cause-rule.ts';

/**
 * The device is there and nothing is programmed: since 0.27.4 flannel makes a lost device anew, and
 * does not program the peers again.
 */
export const tablesEmpty: CauseRule = {
  cause: 'tables-empty',
  recognise: { kind: 'row', signature: { neighbour: 'lost', fdb: 'lost', route: 'lost' } },
  pages: true,
  says: ({ observers }) =>
    `The VXLAN device is there on ${observers}, and no neighbour entry, FDB entry or route for any peer.`,
  effect: ({ observers }) =>
    `Pods on ${observers} reach no pod of another node, and their answers are lost, while every node stays Ready.`,
  mendAt: 'observers',
};
