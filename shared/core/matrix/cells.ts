import { type Table, TABLES } from '../../contract/causes.ts';
import { type Family, familyOf } from '../overlay/addresses.ts';
import type { Tables, Vtep } from '../overlay/vtep.ts';
import {
  type DirectEntry,
  entriesOf,
  heldFdb,
  heldNeighbour,
  heldRoute,
  type OverlayEntry,
} from '../overlay/entries.ts';
import { deviceFamily, isOverlayDevice, namedAs, type Profile } from '../overlay/profile.ts';
import { compare, type Difference, type Entry, type Index, indexEntries } from './diff.ts';

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

/** What observers must hold for one VTEP. What is not known of it is undefined. */
export interface Wanted extends Readonly<Record<Table, OverlayEntry | undefined>> {
  readonly node: string;
  readonly family: Family;
  readonly direct: DirectEntry | undefined;
}

export function wantedFor(vtep: Vtep, profile: Profile): Wanted {
  const overlay = entriesOf(vtep, 'overlay', profile);
  const of = (wanted: Table): OverlayEntry | undefined =>
    overlay.find(({ table }) => table === wanted);
  const [direct] = entriesOf(vtep, 'direct', profile);
  const { node, family } = vtep;
  return { node, family, neighbour: of('neighbour'), fdb: of('fdb'), route: of('route'), direct };
}

/** The entries of one observer, ready to be looked up; a table it did not show is undefined. */
export interface Holdings {
  readonly node: string;
  readonly family: Family;
  readonly device: string;
  readonly neighbour: Index | undefined;
  readonly fdb: Index | undefined;
  readonly route: Index | undefined;
  /** Routes over other devices than the overlay's: what DirectRouting sets. */
  readonly direct: Index | undefined;
}

/** One observer's entries of each family. `profile`: that of its cluster. */
export function holdingsOf(
  node: string,
  tables: Tables,
  profile: Profile,
): Readonly<Record<Family, Holdings>> {
  const { devices, neighbours, fdb, routes } = tables;
  // Where links were not captured, neighbour entries have the names of the devices.
  const named = [
    ...(devices ?? []).map(({ name }) => name),
    ...(neighbours ?? []).map(({ device }) => device),
  ];
  const { devices: names } = namedAs(profile, named);
  const ofFamily = (family: Family): Holdings => {
    const isOfOverlay = ({ device }: { readonly device: string }): boolean =>
      isOverlayDevice(device) && deviceFamily(device) === family;
    const ownRoutes = routes?.filter(({ destination }) => familyOf(destination) === family);
    return {
      node,
      family,
      device: names[family],
      neighbour: indexOf(neighbours?.filter(isOfOverlay).map(heldNeighbour)),
      fdb: indexOf(fdb?.filter(isOfOverlay).map(heldFdb)),
      route: indexOf(ownRoutes?.filter(isOfOverlay).map(heldRoute)),
      direct: indexOf(ownRoutes?.filter((route) => !isOfOverlay(route)).map(heldRoute)),
    };
  };
  return { ipv4: ofFamily('ipv4'), ipv6: ofFamily('ipv6') };
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

/** The same entry where the device has another name. Most hosts share one name, and one entry. */
export function onDevice(entry: OverlayEntry, device: string): OverlayEntry {
  return entry.device === device ? entry : { ...entry, device };
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

function indexOf(entries: readonly Entry[] | undefined): Index | undefined {
  return entries === undefined ? undefined : indexEntries(entries);
}
