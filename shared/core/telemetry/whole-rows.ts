import { type Table, TABLES } from '../../contract/causes.ts';
import { type Matrix, type Row, subjectsOf } from '../diff/matrix.ts';
import { CELLS_OF_ROW } from '../diff/seen.ts';

export type TableCounts = Readonly<Record<Table, number>>;

/** Rows of a large cluster whose cells are only the first of very many. */
interface WholeRows {
  /** How many subjects each of these observers has lost. */
  readonly observers: ReadonlyMap<string, number>;
  /** How many of them have lost a node, table by table. */
  lossesOf(node: string): TableCounts;
}

export function wholeRows(matrix: Matrix): WholeRows {
  const lost = { neighbour: 0, fdb: 0, route: 0 };
  const severing = new Map<Row['severed'], number>();
  const observers = new Map<string, number>();
  for (const [observer, { lost: tables, severed }] of matrix.rows) {
    if (tables.size > 0) {
      observers.set(observer, subjectsOf(matrix, observer));
      for (const table of tables) lost[table] += 1;
    } else if (severed.size > CELLS_OF_ROW) {
      observers.set(observer, severed.size);
      severing.set(severed, (severing.get(severed) ?? 0) + 1);
    }
  }
  const lossesOf = (node: string): TableCounts => {
    const own = matrix.rows.get(node)?.lost;
    const apart = [...severing].reduce(
      (sum, [nodes, rows]) => sum + (nodes.has(node) ? rows : 0),
      0,
    );
    const lossOf = (table: Table): number => apart + lost[table] - Number(own?.has(table) ?? false);
    const [neighbour = 0, fdb = 0, route = 0] = TABLES.map(lossOf);
    return { neighbour, fdb, route };
  };
  return { observers, lossesOf };
}
