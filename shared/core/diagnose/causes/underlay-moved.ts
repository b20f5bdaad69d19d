import type { CauseRule } from '../cause-rule.ts';

/**
 * The FDB sends the node's packets to another underlay IP than the node has.
 */
export const underlayMoved: CauseRule = {
  cause: 'underlay-moved',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'held', fdb: 'changed', route: 'held' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `The FDB of ${observers} sends packets for ${subject} to an underlay IP that is not its own.`,
  effect: ({ subject, observers }) =>
    `Answers from ${observers} to ${subject} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
