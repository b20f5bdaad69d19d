import type { Finding } from '../../shared/core/diagnose/finding.ts';
import { judge } from '../../shared/core/judge.ts';
import type { Cluster } from './cluster.ts';

/** `subject master1 neighbour-missing 5/5 critical`, and what else it could be. */
export function findings(damaged: Cluster): readonly string[] {
  return judge(damaged.facts()).findings.map(lineOf);
}

/** One finding as one line. */
export function lineOf(finding: Finding): string {
  const { scope, name, cause, otherCauses, missingPeers, checkedPeers, severity } = finding;
  const others = otherCauses.length === 0 ? '' : ` or ${otherCauses.join(', ')}`;
  return `${scope} ${name} ${cause} ${missingPeers}/${checkedPeers} ${severity}${others}`;
}
