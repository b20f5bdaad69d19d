import { type Table, TABLES } from '../../contract/causes.ts';
import type { Cell } from './cells.ts';

/** What one observer showed, and what of it is wrong. */
export interface Seen {
  /** The tables that it showed: of another one nothing can be said. */
  readonly shown: ReadonlySet<Table>;
  /** How many of its entries are for no live node. */
  readonly ghosts: Readonly<Record<Table, number>>;
  /** Of what is wrong with a whole row in the same way, the first cells stand for all. */
  readonly cells: readonly Cell[];
  /** Tables of which nothing is left, where the cells are only the first of very many. */
  readonly lost: ReadonlySet<Table>;
  /** Subjects of which nothing at all is held. */
  readonly severed: ReadonlySet<string>;
}

/** Cells that stand for a whole row. */
export const CELLS_OF_ROW = 60;

export function severedIn(cells: readonly Cell[]): ReadonlySet<string> {
  const severed = cells.filter(({ state }) => TABLES.every((table) => state[table] === 'absent'));
  return severed.length === 0 ? NOBODY : new Set(severed.map(({ subject }) => subject));
}

const NOBODY: ReadonlySet<string> = new Set();

/** Of a host that answered, and whose answer says nothing of its peers. */
export const NOTHING_SEEN: Seen = {
  shown: new Set(),
  ghosts: { neighbour: 0, fdb: 0, route: 0 },
  cells: [],
  lost: new Set(),
  severed: NOBODY,
};
