import type { Cell } from '../matrix/cells.ts';
import { type Matrix, peersOf, subjectsOf } from '../matrix/matrix.ts';
import { groupBy } from '../group.ts';

/**
 * Cells that one fault explains: a *column* of the matrix is about a subject, a *row* about an
 * observer, and a single cell about a pair.
 */
export type Line =
  | { readonly scope: 'subject'; readonly subject: string; readonly cells: readonly Cell[] }
  | { readonly scope: 'observer'; readonly observer: string; readonly cells: readonly Cell[] }
  | { readonly scope: 'pair'; readonly cells: readonly Cell[] };

/**
 * Covers bad cells with few lines: first the columns that are bad for half of their checked peers,
 * then the lines that explain most of the rest, and at last pairs.
 */
export function cover(matrix: Matrix, cells: readonly Cell[]): readonly Line[] {
  const columns = [...groupBy(cells, ({ subject }) => subject)]
    .filter(([subject, column]) => dominates(matrix, subject, column))
    .map(([subject, column]): Line => ({ scope: 'subject', subject, cells: column }));
  const covered = new Set(columns.flatMap((line) => line.cells));
  return [
    ...columns,
    ...longest(
      matrix,
      cells.filter((cell) => !covered.has(cell)),
    ),
  ];
}

/**
 * Whether a column is bad for half of the checked peers of its subject, and is worse for the subject
 * than for any of its observers. In a cluster of two, one cell fills a row and a column: it is a pair.
 */
function dominates(matrix: Matrix, subject: string, column: readonly Cell[]): boolean {
  const peers = peersOf(matrix, subject);
  if (column.length * 2 < peers) return false;
  const [only] = column;
  if (column.length > 1 || only === undefined) return true;
  return peers === 1 && subjectsOf(matrix, only.observer) > 1;
}

/** Takes the longest line first, and of two equal ones a column before a row, until pairs are left. */
function longest(matrix: Matrix, cells: readonly Cell[]): readonly Line[] {
  const columns = linesBy(cells, ({ subject }) => subject);
  const rows = linesBy(cells, ({ observer }) => observer);
  const lines: Line[] = [];
  const rest = new Set(cells);
  while (rest.size > 0) {
    const [subject, column] = longestOf(columns);
    const [observer, row] = longestOf(rows);
    if (column.size < 2 && row.size < 2) break;
    const line: Line =
      column.size >= row.size
        ? { scope: 'subject', subject, cells: [...column] }
        : { scope: 'observer', observer, cells: [...row] };
    lines.push(line);
    for (const cell of line.cells) {
      rest.delete(cell);
      columns.get(cell.subject)?.delete(cell);
      rows.get(cell.observer)?.delete(cell);
    }
  }
  return [...lines, ...[...rest].map((cell) => lone(matrix, cell))];
}

function linesBy(
  cells: readonly Cell[],
  nameOf: (cell: Cell) => string,
): ReadonlyMap<string, Set<Cell>> {
  return new Map([...groupBy(cells, nameOf)].map(([name, group]) => [name, new Set(group)]));
}

const NO_LINE: readonly [string, ReadonlySet<Cell>] = ['', new Set()];

function longestOf(
  lines: ReadonlyMap<string, ReadonlySet<Cell>>,
): readonly [string, ReadonlySet<Cell>] {
  let longestSoFar = NO_LINE;
  for (const line of lines) {
    if (line[1].size > longestSoFar[1].size) longestSoFar = line;
  }
  return longestSoFar;
}

/** The only checked cell of its observer is that observer's whole row, where the subject has other peers. */
function lone(matrix: Matrix, cell: Cell): Line {
  const fillsRow = subjectsOf(matrix, cell.observer) === 1 && peersOf(matrix, cell.subject) > 1;
  return fillsRow
    ? { scope: 'observer', observer: cell.observer, cells: [cell] }
    : { scope: 'pair', cells: [cell] };
}
