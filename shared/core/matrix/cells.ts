import { type Table, TABLES } from '../../contract/causes.ts';
import type { OverlayEntry } from '../overlay/entries.ts';
import {
  compare,
  type Difference,
  type Holdings,
  type Index,
  onDevice,
  type Wanted,
} from '../overlay/holdings.ts';

/**
 * Whether an observer holds one table's entry for a subject. `changed`: it holds another value.
 * `weak`: it works, until the kernel ages it out.
 */
export type Held = 'right' | 'absent' | 'changed' | 'weak' | 'unknown';

export type CellState = Readonly<Record<Table, Held>>;

/** An entry that an observer does not hold as it should. */
export interface WrongEntry {
  readonly wanted: OverlayEntry;
  /** What is there, as its tool prints it; empty where nothing is. */
  readonly found: string;
}

/** One cell of the observer × subject matrix in which something is not right. */
export interface Cell {
  readonly observer: string;
  readonly subject: string;
  readonly state: CellState;
  readonly entries: readonly WrongEntry[];
}

/** What is wrong in one cell, or undefined where nothing is. */
export function cellOf(held: Holdings, wanted: Wanted): Cell | undefined {
  if (routesDirectly(held, wanted)) return undefined;
  const compared = {
    neighbour: look(wanted.neighbour, held.neighbour),
    fdb: look(wanted.fdb, held.fdb),
    route: look(wanted.route, held.route),
  };
  const entries = TABLES.flatMap((table): readonly WrongEntry[] => {
    const [difference, entry] = [compared[table], wanted[table]];
    return entry === undefined || difference === undefined || difference.kind === 'none'
      ? []
      : [{ wanted: onDevice(entry, held.device), found: difference.found }];
  });
  if (entries.length === 0) return undefined;
  const state = {
    neighbour: heldOf(compared.neighbour),
    fdb: heldOf(compared.fdb),
    // A route to the pods that leads elsewhere is as good as none.
    route: compared.route?.kind === 'changed' ? 'absent' : heldOf(compared.route),
  } as const;
  return { observer: held.node, subject: wanted.node, state, entries };
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

/** A pair with its direct route needs nothing else. */
function routesDirectly(held: Holdings, { direct }: Wanted): boolean {
  if (direct === undefined || held.direct === undefined) return false;
  const routes = held.direct.get(direct.key) ?? [];
  return routes.some(({ value }) => value === direct.value);
}

/** Undefined where the entry, or what the table holds, is not known. */
function look(wanted: OverlayEntry | undefined, held: Index | undefined): Difference | undefined {
  return wanted === undefined || held === undefined ? undefined : compare(wanted, held);
}

function heldOf(difference: Difference | undefined): Held {
  if (difference === undefined) return 'unknown';
  return difference.kind === 'none' ? 'right' : difference.kind;
}

const WORST_FIRST: readonly Held[] = ['absent', 'changed', 'weak', 'unknown', 'right'];

function worse(one: Held, two: Held): Held {
  return WORST_FIRST.indexOf(one) < WORST_FIRST.indexOf(two) ? one : two;
}
