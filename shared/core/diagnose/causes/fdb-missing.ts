import type { CauseRule } from '../cause-rule.ts';

/**
 * The FDB entry is gone: the kernel knows the inner MAC and not the host behind it.
 */
export const fdbMissing: CauseRule = {
  cause: 'fdb-missing',
  recognise: { kind: 'cell', signatures: [{ neighbour: 'held', fdb: 'lost', route: 'held' }] },
  pages: true,
  says: ({ subject, observers }) =>
    `The FDB entry for the VTEP of ${subject} is gone from ${observers}; whatever else was read of it is right.`,
  effect: ({ subject, observers }) =>
    `Answers to ${subject} from ${observers} are lost: pods and API calls hang, while every node stays Ready.`,
  mendAt: 'observers',
};
