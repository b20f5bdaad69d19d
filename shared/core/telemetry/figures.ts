import { TABLES } from '../../contract/causes.ts';
import type { ErrorType } from '../../contract/telemetry.ts';
import { peersOf } from '../diff/matrix.ts';
import type { Judgement } from '../judge.ts';
import type { Observation } from '../overlay.ts';
import type { NodeFigures } from './points.ts';

/** The figures of every node that was judged. */
export function nodeFigures(judgement: Judgement): ReadonlyMap<string, NodeFigures> {
  const { matrix } = judgement;
  const ghosts = ghostEntries(judgement);
  const figures = new Map<string, { checkedPeers: number; missing: [number, number, number] }>();
  for (const subject of matrix.subjects.keys()) {
    figures.set(subject, { checkedPeers: peersOf(matrix, subject), missing: [0, 0, 0] });
  }
  for (const { subject, state } of matrix.cells) {
    const missing = figures.get(subject)?.missing;
    TABLES.forEach((table, at) => {
      const wrong = state[table] === 'absent' || state[table] === 'changed';
      if (missing !== undefined && wrong) missing[at] = (missing[at] ?? 0) + 1;
    });
  }
  for (const row of matrix.rows.values()) addSampled(row, figures);
  return new Map(
    [...figures].map(
      ([
        node,
        {
          checkedPeers,
          missing: [neighbour, fdb, route],
        },
      ]) => [
        node,
        { checkedPeers, missingPeers: { neighbour, fdb, route }, ghostEntries: ghosts.get(node) },
      ],
    ),
  );
}

/** Hosts without a usable answer, by what kind of failure it was. */
export function failuresOf(
  observations: readonly Observation[],
): Readonly<Partial<Record<ErrorType, number>>> {
  const failures: Partial<Record<ErrorType, number>> = {};
  for (const observation of observations) {
    if (observation.kind !== 'unknown') continue;
    failures[observation.error] = (failures[observation.error] ?? 0) + 1;
  }
  return failures;
}

/** Only where every node's VTEP is known can an entry be said to be for none of them. */
function ghostEntries({ members, vteps, matrix }: Judgement): ReadonlyMap<string, GhostEntries> {
  const known = new Set(vteps.map(({ node }) => node));
  if (!members.every(({ node }) => known.has(node))) return new Map();
  return new Map([...matrix.rows.values()].map(({ observer, ghosts }) => [observer, ghosts]));
}

type GhostEntries = NonNullable<NodeFigures['ghostEntries']>;
