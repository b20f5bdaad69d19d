import { type Cause, CAUSE_TABLE, type Scope, type Severity } from '../../contract/causes.ts';
import type { Cell } from '../matrix/cells.ts';
import { type Matrix, peersOf, subjectsOf } from '../matrix/matrix.ts';
import { isKind } from './causes.ts';
import type { Recognised } from './signatures.ts';

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
  /** Nodes that were checked, and those of them for which something is wrong. */
  readonly checkedPeers: number;
  readonly missingPeers: number;
  /** Subject and peers contradict each other, and nobody knows which is right. */
  readonly isUndecided?: true;
}

/** A column: what peers hold of one subject. */
export function ofSubject(
  matrix: Matrix,
  { subject, cells }: { readonly subject: string; readonly cells: readonly Cell[] },
  recognised: Recognised,
): Finding {
  const checkedPeers = peersOf(matrix, subject);
  return {
    scope: 'subject',
    ...recognised,
    severity: severityOf(recognised.cause, cells.length, checkedPeers),
    name: subject,
    subject,
    observers: cells.map(({ observer }) => observer),
    cells,
    checkedPeers,
    missingPeers: cells.length,
  };
}

/** A row, whole or in part: what one observer holds of its peers. */
export function ofObserver(
  matrix: Matrix,
  { observer, cells }: { readonly observer: string; readonly cells: readonly Cell[] },
  recognised: Recognised,
): Finding {
  const checkedPeers = subjectsOf(matrix, observer);
  const isWhole = isKind(recognised.cause, 'device') || isSampled(matrix, observer);
  const missingPeers = isWhole ? checkedPeers : cells.length;
  return {
    scope: 'observer',
    ...recognised,
    severity: severityOf(recognised.cause, missingPeers, checkedPeers),
    name: observer,
    subject: undefined,
    observers: [observer],
    cells,
    checkedPeers,
    missingPeers,
  };
}

/** Whether an observer's cells only stand for its whole row. */
export function isSampled({ rows }: Matrix, observer: string): boolean {
  return (rows.get(observer)?.lost.size ?? 0) > 0;
}

/** One cell: what one observer holds of one subject. */
export function ofPair(matrix: Matrix, cells: readonly Cell[], recognised: Recognised): Finding {
  const [cell] = cells;
  const subject = cell?.subject ?? '';
  const observer = cell?.observer ?? '';
  const checkedPeers = peersOf(matrix, subject);
  return {
    scope: 'pair',
    ...recognised,
    severity: severityOf(recognised.cause, cells.length, checkedPeers),
    name: `${observer}:${subject}`,
    subject,
    observers: [observer],
    cells,
    checkedPeers,
    missingPeers: cells.length,
  };
}

/** Several findings of one cause as one finding of the cluster. */
export function ofCluster(matrix: Matrix, cause: Cause, alike: readonly Finding[]): Finding {
  const observers = [...new Set(alike.flatMap((finding) => finding.observers))];
  return {
    scope: 'cluster',
    cause,
    otherCauses: [...new Set(alike.flatMap(({ otherCauses }) => otherCauses))],
    severity: alike.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    name: cause,
    subject: undefined,
    observers,
    cells: alike.flatMap((finding) => finding.cells),
    checkedPeers: matrix.rows.size,
    missingPeers: observers.length,
  };
}

/** A node that is cut off from half of its checked peers or more is the worst of its cause. */
function severityOf(cause: Cause, missing: number, checked: number): Severity {
  return missing * 2 >= checked ? CAUSE_TABLE[cause].severity : 'warning';
}
