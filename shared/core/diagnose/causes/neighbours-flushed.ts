import type { CauseRule } from '../cause-rule.ts';

/**
 * The host lost all its neighbour entries and nothing else: `ip neigh flush … nud permanent`, or
 * systemd-networkd that drops what it did not set itself, with routes left alone.
 */
export const neighboursFlushed: CauseRule = {
  cause: 'neighbours-flushed',
  recognise: { kind: 'row', signature: { neighbour: 'lost', fdb: 'held', route: 'held' } },
  pages: true,
  says: ({ observers }) =>
    `All neighbour entries are gone from ${observers}; whatever else was read is there.`,
  effect: ({ observers }) =>
    `Pods on ${observers} reach no pod of another node, and their answers are lost, while every node stays Ready.`,
  mendAt: 'observers',
};
