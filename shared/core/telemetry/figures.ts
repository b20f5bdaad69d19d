import { TABLES } from '../../contract/causes.ts';
import { peersOf } from '../diff/matrix.ts';
import type { Judgement } from '../judge.ts';
import type { NodeFigures } from './points.ts';

/** The figures of every node that was judged. */
export function nodeFigures({ matrix }: Judgement): ReadonlyMap<string, NodeFigures> {
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
        { checkedPeers, missingPeers: { neighbour, fdb, route }, ghostEntries: undefined },
      ],
    ),
  );
}
