import type { CauseRule } from '../cause-rule.ts';

/**
 * Two groups of nodes that hold nothing of each other: for a time each had an API server that knew
 * only its own, or flannel on both sides missed that the other side came back.
 */
export const partition: CauseRule = {
  cause: 'partition',
  recognise: { kind: 'sides' },
  pages: true,
  says: () =>
    'The nodes have fallen into two groups, and no node of one holds any entry for a node of the other.',
  effect: () =>
    'Pods of one group cannot reach those of the other: calls between them hang, while every node stays Ready.',
  mendAt: 'observers',
};
