import type { CauseRule } from '../cause-rule.ts';

/**
 * The route to the node's pods is gone, or does not lead through its tunnel IP.
 */
export const routeMissing: CauseRule = {
  cause: 'route-missing',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'held', fdb: 'held', route: 'lost' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `The route to the pods of ${subject} is gone from ${observers}, or leads elsewhere.`,
  effect: ({ subject, observers }) =>
    `Pods on ${subject} cannot be reached from ${observers}; packets may leave by the default route.`,
  mendAt: 'observers',
};
