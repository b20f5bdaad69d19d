import { isKind } from '../diagnose/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import type { Cell } from '../matrix/cells.ts';
import { coverOf, observersOf } from './footprint.ts';
import type { Incident } from './incident.ts';

export interface Share {
  readonly incident: Incident;
  /** The finding's cells that are within the incident's footprint. */
  readonly cells: readonly Cell[];
}

/** Which incidents share cells with a finding, in the given order. */
export function sharesOf(incidents: readonly Incident[]): (finding: Finding) => readonly Share[] {
  const known = incidents.map((incident) => ({ incident, covers: coverOf(incident.footprint) }));
  const byObserver = groupBy(
    known.flatMap((one) =>
      observersOf(one.incident.footprint).map((observer) => ({ observer, one })),
    ),
    ({ observer }) => observer,
  );
  return ({ cause, cells, observers }) => {
    const shared = new Map<Incident, Cell[]>();
    for (const cell of cells) {
      for (const { one } of byObserver.get(cell.observer) ?? []) {
        if (!one.covers(cell)) continue;
        const others = shared.get(one.incident);
        if (others === undefined) shared.set(one.incident, [cell]);
        else others.push(cell);
      }
    }
    // Of a host without a device no cell may be known.
    const isBare = cells.length === 0 && !isKind(cause, 'node');
    const [only, ...more] = isBare ? observers : [];
    for (const { one } of more.length === 0 ? (byObserver.get(only ?? '') ?? []) : []) {
      if (observersOf(one.incident.footprint).length === 1) shared.set(one.incident, []);
    }
    return incidents.flatMap((incident) => {
      const own = shared.get(incident);
      return own === undefined ? [] : [{ incident, cells: own }];
    });
  };
}
