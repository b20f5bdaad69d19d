import { type Table, TABLES } from '../../contract/causes.ts';
import type { Profile } from '../overlay/profile.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { type Cell, UNKNOWN } from './cells.ts';
import type { FindDirect } from './direct.ts';

/** The nodes that an observer's entries are compared with. */
export interface CheckedOverlay {
  /** All for which peers may rightly hold entries. */
  readonly vteps: readonly Vtep[];
  /** Those of them that are checked. */
  readonly subjects: readonly Vtep[];
  readonly profile: Profile;
}

/** What one observer showed, and what of it is wrong. */
export interface ShownRow {
  /** The tables that it showed: of another one nothing can be said. */
  readonly shown: ReadonlySet<Table>;
  /** How many of its entries are ghosts. */
  readonly ghosts: Readonly<Record<Table, number>>;
  /** Of what is wrong with a whole row in the same way, the first cells stand for all. */
  readonly cells: readonly Cell[];
  /** Tables of which nothing is left, where the cells are only the first of very many. */
  readonly lost: ReadonlySet<Table>;
  /** Subjects whose entries are neither known to be right nor to be wrong in a table that it showed. */
  readonly unknown: ReadonlySet<string>;
  /** Subjects for which no entry is held in any table. */
  readonly unheld: ReadonlySet<string>;
  readonly findDirect: FindDirect;
}

/** Cells that stand for a whole row. */
export const CELLS_OF_ROW = 60;

export function unheldIn(cells: readonly Cell[]): ReadonlySet<string> {
  const unheld = cells.filter(({ state }) => TABLES.every((table) => state[table] === 'absent'));
  return unheld.length === 0 ? NOBODY : new Set(unheld.map(({ subject }) => subject));
}

const NOBODY: ReadonlySet<string> = new Set();

/** Of a host whose answer shows nothing of its peers. */
export const NOTHING_SHOWN: ShownRow = {
  shown: new Set(),
  ghosts: { neighbour: 0, fdb: 0, route: 0 },
  cells: [],
  lost: new Set(),
  unknown: NOBODY,
  unheld: NOBODY,
  findDirect: () => UNKNOWN,
};
