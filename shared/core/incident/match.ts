import { type Finding, ofCluster } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { groupBy } from '../group.ts';
import { footprintOf, type Incident, overlap } from './incident.ts';

/** A finding, and the incident whose fault it is. */
export interface Match {
  readonly finding: Finding;
  readonly incident: Incident | undefined;
}

/**
 * Finds the incident of every finding. The same key is the same incident. A fault that grows or shrinks
 * changes its scope, and would change its key: it takes over the incident with which it shares cells,
 * the oldest first.
 */
export function matchIncidents(
  incidents: readonly Incident[],
  diagnosed: readonly Finding[],
  matrix: Matrix,
): readonly Match[] {
  const findings = keepTogether(incidents, diagnosed, matrix);
  const free = new Set(incidents.toSorted((one, two) => one.since - two.since));
  const claim = (incident: Incident | undefined): Incident | undefined => {
    if (incident !== undefined) free.delete(incident);
    return incident;
  };
  const byKey = new Map(
    findings.map((finding) => [
      finding,
      claim([...free].find((one) => one.scope === finding.scope && one.name === finding.name)),
    ]),
  );
  return findings.map((finding) => {
    const footprint = footprintOf(finding);
    const own = byKey.get(finding);
    const inherited = [...free].find((one) => overlap(one.footprint, footprint));
    return { finding, incident: own ?? claim(inherited) };
  });
}

/**
 * A fault of the whole cluster is fixed node by node. When fewer than half of the nodes are left, it
 * would become one fault, and one page, for each of them: it stays one fault instead.
 */
function keepTogether(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  matrix: Matrix,
): readonly Finding[] {
  const wide = incidents.filter(({ reported }) => reported.scope === 'cluster');
  if (wide.length === 0) return findings;
  const partOf = (finding: Finding): string => {
    const footprint = footprintOf(finding);
    const whole = wide.find(
      (one) => one.reported.cause === finding.cause && overlap(one.footprint, footprint),
    );
    return whole?.key ?? '';
  };
  return [...groupBy(findings, partOf)].flatMap(([key, alike]) => {
    const [first, ...others] = alike;
    return key === '' || first === undefined || others.length === 0
      ? alike
      : [ofCluster(matrix, first.cause, alike)];
  });
}
