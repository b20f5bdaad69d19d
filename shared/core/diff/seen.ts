import type { Table } from '../../contract/causes.ts';
import type { Cell } from './cells.ts';

/** What one observer showed, and what of it is wrong. */
export interface Seen {
  /** The tables that it showed: of another one nothing can be said. */
  readonly shown: ReadonlySet<Table>;
  /** How many of its entries are for no live node. */
  readonly ghosts: Readonly<Record<Table, number>>;
  readonly cells: readonly Cell[];
}

/** Of a host that answered, and whose answer says nothing of its peers. */
export const NOTHING_SEEN: Seen = {
  shown: new Set(),
  ghosts: { neighbour: 0, fdb: 0, route: 0 },
  cells: [],
};
