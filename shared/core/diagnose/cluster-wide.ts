import type { Cause } from '../../contract/causes.ts';
import type { Matrix } from '../diff/matrix.ts';
import { groupBy } from '../group.ts';
import type { Finding } from './finding.ts';

/** The same fault on more than half of the nodes is the cluster's: one finding, and one page. */
export function joinClusterWide(matrix: Matrix, findings: readonly Finding[]): readonly Finding[] {
  return [...groupBy(findings, ({ cause }) => cause)].flatMap(([, alike]) => {
    const [first] = alike;
    const wide = alike.length >= 3 && alike.length * 2 > matrix.nodes.length;
    return wide && first !== undefined ? [joined(matrix, first.cause, alike)] : alike;
  });
}

/** Several findings of one cause as one finding of the cluster. */
export function joined(matrix: Matrix, cause: Cause, alike: readonly Finding[]): Finding {
  const cells = alike.flatMap((finding) => finding.cells);
  const observers = [...new Set(alike.flatMap((finding) => finding.observers))];
  return {
    scope: 'cluster',
    cause,
    otherCauses: [...new Set(alike.flatMap(({ otherCauses }) => otherCauses))],
    severity: alike.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    name: cause,
    subject: undefined,
    observers,
    cells,
    checkedPeers: matrix.rows.size,
    missingPeers: observers.length,
  };
}
