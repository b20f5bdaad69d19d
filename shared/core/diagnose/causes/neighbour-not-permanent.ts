import type { CauseRule } from '../cause-rule.ts';

/**
 * The right MAC, but not PERMANENT: the kernel may drop it, and cannot learn it again.
 */
export const neighbourNotPermanent: CauseRule = {
  cause: 'neighbour-not-permanent',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'weak', fdb: 'held', route: 'held' }] },
  pages: false,
  says: ({ subject, observers }) =>
    `The neighbour entry for ${subject} is not permanent on ${observers}: it works until it ages out.`,
  effect: ({ subject, observers }) =>
    `Nothing yet. When the entry ages out, answers to ${subject} from ${observers} are lost.`,
  mendAt: 'observers',
};
