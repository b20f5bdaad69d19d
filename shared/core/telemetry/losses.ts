import { CAUSE_TABLE } from '../../contract/causes.ts';
import type { Report, ReportedIncident } from '../../contract/report.ts';
import { victims } from './node-states.ts';
import type { NodeFigures } from './points.ts';

/** How far a node is cut off, and by how many peers that is known. */
interface Loss {
  readonly lostPeers: number;
  readonly checkedPeers: number;
}

/**
 * What the open incidents cost their own nodes. A node that merely lost a broken peer is not charged:
 * one broken host is one node's loss, and not that of all. An incident stands while its hosts cannot
 * be read, and then counts as it was last told.
 */
export function lossesOf(
  report: Report,
  nodes: ReadonlyMap<string, NodeFigures>,
): ReadonlyMap<string, Loss> {
  const losses = new Map<string, Loss>();
  for (const incident of report.incidents) {
    if (incident.phase !== 'open' || !CAUSE_TABLE[incident.cause].pages) continue;
    for (const [name, loss] of chargedBy(incident, nodes)) {
      const worst = losses.get(name) ?? NONE;
      losses.set(name, {
        lostPeers: Math.max(worst.lostPeers, loss.lostPeers),
        checkedPeers: Math.max(worst.checkedPeers, loss.checkedPeers),
      });
    }
  }
  return losses;
}

const NONE: Loss = { lostPeers: 0, checkedPeers: 0 };

/** A fault of the whole cluster counts hosts, not peers: there every node has what its tables say. */
function chargedBy(
  incident: ReportedIncident,
  nodes: ReadonlyMap<string, NodeFigures>,
): readonly (readonly [string, Loss])[] {
  const { scope, missingPeers, checkedPeers } = incident;
  if (missingPeers === 0) return [];
  if (scope === 'cluster') return [...nodes];
  return victims(incident).map((name) => [name, { lostPeers: missingPeers, checkedPeers }]);
}
