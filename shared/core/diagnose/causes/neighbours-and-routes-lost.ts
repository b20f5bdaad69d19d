import type { CauseRule } from '../cause-rule.ts';

/**
 * The host lost neighbour entries and routes and kept the FDB: its device went down and up, or
 * systemd-networkd restarted.
 */
export const neighboursAndRoutesLost: CauseRule = {
  cause: 'neighbours-and-routes-lost',
  recognise: { kind: 'row', signature: { neighbour: 'lost', fdb: 'held', route: 'lost' } },
  pages: true,
  says: ({ observers }) =>
    `All neighbour entries and routes are gone from ${observers}, and the FDB is there: the VXLAN device went down and up, or systemd-networkd restarted.`,
  effect: ({ observers }) =>
    `Pods on ${observers} reach no pod of another node, and their answers are lost, while every node stays Ready.`,
  mendAt: 'observers',
};
