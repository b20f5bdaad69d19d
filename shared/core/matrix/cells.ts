import type { Table } from '../../contract/causes.ts';
import type { WantedEntry } from '../overlay/entries.ts';
import { type Found, type Held, onDevice, type WantedEntries } from '../overlay/holdings.ts';

export type CellState = Readonly<Record<Table, Held>>;

/** An entry that an observer does not hold as it should. */
interface WrongEntry {
  readonly wanted: WantedEntry;
  /** What is there, as its tool prints it; empty where nothing is. */
  readonly found: string;
}

/** One cell of the observer × subject matrix in which something is not right. */
export interface Cell {
  readonly observer: string;
  readonly subject: string;
  readonly state: CellState;
  readonly entries: readonly WrongEntry[];
  /**
   * `direct`: the observer needs a direct route to the subject, and none of the entries that `state` is of.
   * `either`: it may need one or the other. Absent where it needs the overlay.
   */
  readonly way?: 'direct' | 'either';
}

/** Who is asked, and what its overlay device is called. */
interface Observer {
  readonly observer: string;
  readonly device: string;
}

/**
 * What is wrong in one cell, or undefined where nothing is. `find` returns what the observer has in
 * place of a wanted entry.
 */
export function cellOf(
  { observer, device }: Observer,
  { node: subject, overlay, direct }: WantedEntries,
  find: (wanted: WantedEntry) => Found,
): Cell | undefined {
  // A node that the observer reaches directly needs no entry of the overlay.
  if (direct !== undefined && find(direct).held === 'right') return undefined;
  const state: Record<Table, Held> = { ...ALL_UNKNOWN };
  const entries: WrongEntry[] = [];
  for (const wanted of overlay) {
    const { held, text } = find(wanted);
    state[wanted.table] = held;
    if (isWrong(held)) entries.push({ wanted: onDevice(wanted, device), found: text });
  }
  if (entries.length === 0) return undefined;
  // A route to the pods that leads elsewhere is as good as none.
  const route = state.route === 'changed' ? 'absent' : state.route;
  return { observer, subject, state: { ...state, route }, entries };
}

const ALL_UNKNOWN: CellState = { neighbour: 'unknown', fdb: 'unknown', route: 'unknown' };

/** What is found where a table, or an entry of it, is not known. */
export const UNKNOWN: Found = { held: 'unknown', text: '' };

/** Unknown is neither right nor wrong. */
export function isWrong(held: Held): boolean {
  return held !== 'right' && held !== 'unknown';
}

/** Merges what two families say of one cell: of each table, the worse. */
export function mergeCells(one: Cell, two: Cell): Cell {
  return {
    ...one,
    state: {
      neighbour: worse(one.state.neighbour, two.state.neighbour),
      fdb: worse(one.state.fdb, two.state.fdb),
      route: worse(one.state.route, two.state.route),
    },
    entries: [...one.entries, ...two.entries],
  };
}

const WORST_FIRST: readonly Held[] = ['absent', 'changed', 'weak', 'unknown', 'right'];

function worse(one: Held, two: Held): Held {
  return WORST_FIRST.indexOf(one) < WORST_FIRST.indexOf(two) ? one : two;
}
