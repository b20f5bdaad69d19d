import type { Table } from '../../contract/causes.ts';
import { groupBy } from '../group.ts';
import { type Family, familyOf } from './addresses.ts';
import {
  type DirectEntry,
  entriesOf,
  type HeldEntry,
  heldFdb,
  heldNeighbour,
  heldRoute,
  type OverlayEntry,
} from './entries.ts';
import { deviceFamily, isOverlayDevice, namedAs, type Profile } from './profile.ts';
import type { Tables, Vtep } from './vtep.ts';

/** The entries of a table by their keys. */
export type Index = ReadonlyMap<string, readonly HeldEntry[]>;

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

function indexOf(entries: readonly HeldEntry[] | undefined): Index | undefined {
  return entries === undefined ? undefined : groupBy(entries, ({ key }) => key);
}

/** The same entry where the device has another name. Most hosts share one name, and one entry. */
export function onDevice(entry: OverlayEntry, device: string): OverlayEntry {
  return entry.device === device ? entry : { ...entry, device };
}

export type Difference =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent' | 'changed' | 'weak'; readonly found: string };

/** How a table differs from a wanted entry, at the entry's key. */
export function compare(
  wanted: Pick<HeldEntry, 'key'> & { readonly value: string },
  actual: Index,
): Difference {
  const held = actual.get(wanted.key) ?? [];
  const right = held.find(({ value }) => value === wanted.value);
  if (right !== undefined) return right.weak ? { kind: 'weak', found: right.text } : NONE;
  const other = held.find(({ value }) => value !== undefined);
  return other === undefined
    ? { kind: 'absent', found: held[0]?.text ?? '' }
    : { kind: 'changed', found: other.text };
}

const NONE: Difference = { kind: 'none' };
