import type { CauseRule } from '../cause-rule.ts';

/**
 * The FDB sends the node's packets to another underlay IP than the node has.
 */
export const underlayMoved: CauseRule = {
  cause: 'underlay-moved',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'held', fdb: 'changed', route: 'held' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `Packets for ${subject} are sent to a wrong underlay IP by the FDB of ${observers}.`,
  effect: ({ subject, observers }) =>
    `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
