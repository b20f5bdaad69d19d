import type { Deployment } from './cluster/cluster.ts';

/** Something that vtepwatch says of a real cluster, and that is not right. */
interface KnownFault {
  /** As the test names it; `fix of: …` is what became of typing the fix. */
  readonly scenario: string;
  readonly deployments: readonly Deployment[];
  /** What is said today, line by line. */
  readonly said: readonly string[];
  /** What would be right, in a sentence. The test has it line by line. */
  readonly right: string;
}

/**
 * Each is asserted to be there still, so whoever corrects one removes it here. None is added for what
 * was right before.
 */
export const KNOWN_FAULTS: readonly KnownFault[] = [];
