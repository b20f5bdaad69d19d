import { type Finding, ofCluster } from '../diagnose/finding.ts';
import type { Matrix } from '../diff/matrix.ts';
import { groupBy } from '../group.ts';
import { footprintOf, type Incident, overlap } from './incident.ts';

/** A finding, and the incident whose fault it is. */
export interface Match {
  readonly finding: Finding;
  readonly incident: Incident | undefined;
}

/**
 * The same key is the same incident. A fault that grows or shrinks changes its scope, and so would
 * its key: it inherits the incident with which it shares cells, the oldest first.
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
      claim([...free].find(({ key }) => key.endsWith(`/${finding.scope}/${finding.name}`))),
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
 * A fault of the whole cluster is mended node by node. When it is no longer on most of the nodes, it
 * would fall apart into as many faults, and pages, as nodes are left: it stays one.
 */
function keepTogether(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  matrix: Matrix,
): readonly Finding[] {
  const wide = incidents.filter(({ told }) => told.scope === 'cluster');
  if (wide.length === 0) return findings;
  const partOf = (finding: Finding): string => {
    const footprint = footprintOf(finding);
    const whole = wide.find(
      (one) => one.told.cause === finding.cause && overlap(one.footprint, footprint),
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
