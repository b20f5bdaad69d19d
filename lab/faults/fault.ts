import type { Cause } from '../../shared/contract/causes.ts';
import type { Machines } from '../machines/machine.ts';

/** One way in which an overlay breaks, as it can be brought about on the lab's machines. */
export interface Fault {
  readonly cause: Cause;
  /** What happened, in one sentence, for whoever watches. */
  readonly told: string;
  /** The node that its peers lose; absent where an observer loses its peers. */
  readonly subject?: string;
  /** The nodes whose tables are wrong. */
  readonly observers: readonly string[];
  /** Which of two causes a product names depends here on whether it reads the nodes' annotations,
   * in which flannel publishes the MAC: with them `cause` shows only if `read`, or only if `unread`. */
  readonly annotations?: 'read' | 'unread';
  inject(machines: Machines): Promise<void>;
}

/** The host that the subject's faults befall: the one of the recorded incident. */
export const SUBJECT = 'master1';

/** The host that the observer's faults befall. */
export const OBSERVER = 'node2';
