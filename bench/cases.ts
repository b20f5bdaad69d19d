import { type EntryDamage, partition } from '../lab/damage.ts';

/** A simulated cluster in one state: its damage, and which share of its hosts gives no answer. */
interface Case {
  readonly damages: readonly EntryDamage[];
  readonly unknownShare: number;
}

type Names = readonly string[];

/** The states in which it is measured how `decide` grows with the cluster. */
export const CASES = {
  healthy: () => ({ damages: [], unknownShare: 0 }),
  'one subject lost everywhere': (names: Names) => ({
    damages: [{ kind: 'lost', tables: ['neighbour'], on: 'all', of: [middle(names)] }],
    unknownShare: 0,
  }),
  'one observer flushed': (names: Names) => ({
    damages: [{ kind: 'lost', tables: ['neighbour'], on: [middle(names)], of: 'all' }],
    unknownShare: 0,
  }),
  '1 % random losses': () => ({
    damages: [{ kind: 'lost-at-random', share: 0.01, seed: 1 }],
    unknownShare: 0,
  }),
  'a partition': (names: Names) => ({
    damages: partition(names.slice(0, names.length >> 1), names.slice(names.length >> 1)),
    unknownShare: 0,
  }),
  '10 % of hosts unknown': () => ({ damages: [], unknownShare: 0.1 }),
} as const satisfies Record<string, (names: Names) => Case>;

export type CaseName = keyof typeof CASES;

export function isCase(name: string): name is CaseName {
  return Object.hasOwn(CASES, name);
}

function middle(names: Names): string {
  return names[names.length >> 1] ?? '';
}
