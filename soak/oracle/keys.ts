import type { Fault } from '../story.ts';
import type { Cell } from '../world/damage.ts';

/** One row or column of a fault, or one part of a partition: what an incident can be about. */
export interface FaultLine {
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** Whether the nodes of a fault's incidents are those that have lost others, or those that others have lost. */
export type Direction = 'rows' | 'columns';

/** Where a repair of something else has left two rows of a fault of three columns, nothing shows any more that it was one. */
export function directionOf(cells: readonly Cell[]): Direction {
  const rows = new Set(cells.map(({ observer }) => observer));
  const columns = new Set(cells.map(({ subject }) => subject));
  return rows.size < columns.size ? 'rows' : 'columns';
}

/**
 * What incidents can be about in these cells of a fault: its rows or its columns. A drift is one, with its column
 * and its row, and so is an overlap. A partition that strikes where another one is already separates pairs of groups that have no node
 * in common, and each is one.
 */
export function linesOf(
  { damage }: Fault,
  cells: readonly Cell[],
  direction: Direction,
): readonly FaultLine[] {
  if (cells.length === 0) return [];
  if (damage.kind === 'drift' || damage.kind === 'overlap')
    return [{ name: damage.subject, cells }];
  if (damage.kind === 'partition') return partsOf(cells);
  const lines = Map.groupBy(cells, ({ observer, subject }) =>
    direction === 'rows' ? observer.instanceId : subject.instanceId,
  );
  return [...lines].map(([name, some]) => ({ name, cells: some }));
}

/** Cells that have nodes in common, directly or by others, together. */
export function partsOf(cells: readonly Cell[]): readonly FaultLine[] {
  const groups: { readonly nodes: Set<string>; readonly cells: Cell[] }[] = [];
  for (const cell of cells) {
    const ends = new Set([cell.observer.instanceId, cell.subject.instanceId]);
    const touched = groups.filter(({ nodes }) => !nodes.isDisjointFrom(ends));
    for (const one of touched) groups.splice(groups.indexOf(one), 1);
    groups.push({
      nodes: new Set([...touched.flatMap(({ nodes }) => [...nodes]), ...ends]),
      cells: [...touched.flatMap((one) => one.cells), cell],
    });
  }
  return groups.map((one) => ({ name: [...one.nodes].toSorted().join(' '), cells: one.cells }));
}

/** So many nodes with one cause are one incident. */
const GROUP = 3;

/**
 * How many keys a fault may have by the run that first pages for it. Two nodes are two, and so are two that have
 * lost each other. Three and more are one where that run surely sees three of them; else one or two are paged
 * alone, and keep their keys, and those that are seen later are a group. `seen`: how many of its lines the run
 * surely sees.
 */
export function keysOf({ damage }: Fault, lines: readonly FaultLine[], seen: number): number {
  if (lines.length === 0) return 1;
  if (damage.kind === 'partition') {
    return lines.reduce((sum, { cells }) => sum + (isPair(cells) ? 2 : 1), 0);
  }
  return seen >= GROUP ? 1 : Math.min(lines.length, GROUP);
}

function isPair(cells: readonly Cell[]): boolean {
  return new Set(cells.flatMap(({ observer, subject }) => [observer, subject])).size === 2;
}
