import type { CauseRule } from '../cause-rule.ts';

/**
 * Nothing of the node is there: flannel on the observers never heard of it, or was told that it left.
 */
export const neverProgrammed: CauseRule = {
  cause: 'never-programmed',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'lost', fdb: 'lost', route: 'lost' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `Neighbour entry, FDB entry and route for ${subject} are all missing on ${observers}.`,
  effect: ({ subject, observers }) =>
    `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
