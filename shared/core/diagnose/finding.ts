import type { Cause, Scope, Severity } from '../../contract/causes.ts';
import type { Cell } from '../diff/cells.ts';

/** Bad cells with one explanation. */
export interface Finding {
  readonly scope: Scope;
  readonly cause: Cause;
  readonly otherCauses: readonly Cause[];
  readonly severity: Severity;
  /** The last part of the key: a node, `observer:subject` for a pair, the cause for a cluster. */
  readonly name: string;
  /** The node that its peers have lost, where there is one such node. */
  readonly subject: string | undefined;
  readonly observers: readonly string[];
  readonly cells: readonly Cell[];
  /** Peers that could judge, and those of them for which something is wrong. */
  readonly checkedPeers: number;
  readonly missingPeers: number;
}
