import type { CrowdFault } from '../lab/crowd/faults.ts';

/** A crowd in one state: its faults, and which share of its hosts gives no answer. */
interface Case {
  readonly faults: readonly CrowdFault[];
  readonly unknownShare: number;
}

/** The states in which it is measured how `decide` grows with the cluster. */
export const CASES = {
  healthy: () => ({ faults: [], unknownShare: 0 }),
  'one subject lost everywhere': (nodes: number) => ({
    faults: [{ kind: 'lost-everywhere', subject: nodes >> 1, tables: ['neighbour'] }],
    unknownShare: 0,
  }),
  'one observer flushed': (nodes: number) => ({
    faults: [{ kind: 'flushed', observer: nodes >> 1, tables: ['neighbour'] }],
    unknownShare: 0,
  }),
  '1 % random losses': () => ({
    faults: [{ kind: 'random-losses', share: 0.01, seed: 1 }],
    unknownShare: 0,
  }),
  'a partition': (nodes: number) => ({
    faults: [{ kind: 'partition', size: nodes >> 1 }],
    unknownShare: 0,
  }),
  '10 % of hosts unknown': () => ({ faults: [], unknownShare: 0.1 }),
} as const satisfies Record<string, (nodes: number) => Case>;

export type CaseName = keyof typeof CASES;

export function isCase(name: string): name is CaseName {
  return Object.hasOwn(CASES, name);
}
