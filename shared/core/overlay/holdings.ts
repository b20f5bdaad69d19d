import { TABLES } from '../../contract/causes.ts';
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
import { namedAs, ofOverlay, type Profile } from './profile.ts';
import type { ListingOf, Tables, Vtep } from './vtep.ts';

/** The entries of a table by their keys. */
export type Index = ReadonlyMap<string, readonly HeldEntry[]>;

/** What observers must hold for one VTEP: all of `overlay`, or `direct` alone. */
export interface WantedEntries {
  readonly node: string;
  readonly family: Family;
  readonly overlay: readonly OverlayEntry[];
  /** Undefined where it is not known. */
  readonly direct: DirectEntry | undefined;
}

export function wantedFor(vtep: Vtep, profile: Profile): WantedEntries {
  const { node, family } = vtep;
  const [direct] = entriesOf(vtep, 'direct', profile);
  return { node, family, overlay: entriesOf(vtep, 'overlay', profile), direct };
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
  /** Tables that were understood in part: what these indexes lack is unknown. */
  readonly incomplete: ReadonlySet<ListingOf>;
}

const NOTHING: ReadonlySet<ListingOf> = new Set();

const LISTINGS: readonly ListingOf[] = ['device', ...TABLES];

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
    const isOfOverlay = ofOverlay(family);
    const ownRoutes = routes?.filter(({ destination }) => familyOf(destination) === family);
    return {
      node,
      family,
      device: names[family],
      neighbour: indexOf(neighbours?.filter(isOfOverlay).map(heldNeighbour)),
      fdb: indexOf(fdb?.filter(isOfOverlay).map(heldFdb)),
      route: indexOf(ownRoutes?.filter(isOfOverlay).map(heldRoute)),
      direct: indexOf(ownRoutes?.filter((route) => !isOfOverlay(route)).map(heldRoute)),
      incomplete: incompleteFor(family, tables),
    };
  };
  return { ipv4: ofFamily('ipv4'), ipv6: ofFamily('ipv6') };
}

function incompleteFor(
  family: Family,
  { incomplete = NOTHING, oneFamily }: Tables,
): ReadonlySet<ListingOf> {
  const ofOther = LISTINGS.filter((listing) => (oneFamily?.[listing] ?? family) !== family);
  return ofOther.length === 0 ? incomplete : incomplete.union(new Set(ofOther));
}

function indexOf(entries: readonly HeldEntry[] | undefined): Index | undefined {
  return entries === undefined ? undefined : groupBy(entries, ({ key }) => key);
}

/** The same entry where the device has another name. Most hosts share one name, and one entry. */
export function onDevice(entry: OverlayEntry, device: string): OverlayEntry {
  return entry.device === device ? entry : { ...entry, device };
}

/**
 * Whether an observer holds a wanted entry. `changed`: it holds another value. `weak`: it works, until
 * the kernel ages it out. `unknown`: the entry, or what the table holds, is not known.
 */
export type Held = 'right' | 'absent' | 'changed' | 'weak' | 'unknown';

/** What an observer has in place of a wanted entry. */
export interface Found<H extends Held = Held> {
  readonly held: H;
  /** As its tool prints it; empty where nothing is there, where all is right, or where it is not known. */
  readonly text: string;
}

/** What a table has at the key of a wanted entry. */
export function compare(
  wanted: Pick<HeldEntry, 'key'> & { readonly value: string },
  actual: Index,
): Found<Exclude<Held, 'unknown'>> {
  const held = actual.get(wanted.key) ?? [];
  const right = held.find(({ value }) => value === wanted.value);
  if (right !== undefined) return right.weak ? { held: 'weak', text: right.text } : RIGHT;
  const other = held.find(({ value }) => value !== undefined);
  return other === undefined
    ? { held: 'absent', text: held[0]?.text ?? '' }
    : { held: 'changed', text: other.text };
}

const RIGHT = { held: 'right', text: '' } as const;
