import { type Table, TABLES } from '../../contract/causes.ts';
import type { ReportedEntry } from '../../contract/report.ts';
import { type Family, familyOf } from '../addresses.ts';
import { fdbText, neighbourText, routeText } from '../entry-text.ts';
import {
  DEFAULT_DEVICE,
  deviceFamily,
  isOverlayDevice,
  type Tables,
  type Vtep,
} from '../overlay.ts';
import { compare, type Difference, type Entry, type Index, indexEntries } from './diff.ts';

/**
 * Whether an observer holds one table's entry for a subject. `changed`: it holds another value.
 * `weak`: it works, until the kernel ages it out.
 */
export type Held = 'right' | 'absent' | 'changed' | 'weak' | 'unknown';

export type CellState = Readonly<Record<Table, Held>>;

/** One cell of the observer × subject matrix in which something is not right. */
export interface Cell {
  readonly observer: string;
  readonly subject: string;
  readonly state: CellState;
  readonly entries: readonly ReportedEntry[];
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

export function holdingsOf(node: string, tables: Tables, family: Vtep['family']): Holdings {
  const { neighbours, fdb, routes } = tables;
  const ofOverlay = ({ device }: { readonly device: string }): boolean =>
    isOverlayDevice(device) && deviceFamily(device) === family;
  const named = [
    ...(tables.devices ?? []).map(({ name }) => ({ device: name })),
    ...(neighbours ?? []),
  ];
  const ofFamily = routes?.filter(({ destination }) => familyOf(destination) === family);
  const routed = ofFamily?.map((route) => ({
    overlay: ofOverlay(route),
    key: route.destination,
    value: route.gateway,
    weak: false,
    text: `${route.destination} via ${route.gateway} dev ${route.device}`,
  }));
  return {
    node,
    family,
    device: named.find(ofOverlay)?.device ?? DEFAULT_DEVICE[family],
    neighbour: indexOf(
      neighbours?.filter(ofOverlay).map(({ ip, mac, permanent, state, device }) => ({
        key: ip,
        value: mac,
        weak: !permanent,
        text: [ip, 'dev', device, ...(mac === undefined ? [] : ['lladdr', mac]), state]
          .join(' ')
          .trim(),
      })),
    ),
    fdb: indexOf(
      fdb?.filter(ofOverlay).map(({ mac, destination, device }) => ({
        key: mac,
        value: destination,
        weak: false,
        text: `${mac} dev ${device} dst ${destination}`,
      })),
    ),
    route: indexOf(routed?.filter(({ overlay }) => overlay)),
    direct: indexOf(routed?.filter(({ overlay }) => !overlay)),
  };
}

/** What is wrong in one cell, or undefined where nothing is. */
export function cellOf(held: Holdings, vtep: Vtep): Cell | undefined {
  if (routesDirectly(held, vtep)) return undefined;
  const { node: subject, tunnelIp, mac, underlayIp, podCidr } = vtep;
  const compared = {
    neighbour: look({ key: tunnelIp, value: mac }, held.neighbour),
    fdb: look({ key: mac, value: underlayIp }, held.fdb),
    route: look({ key: podCidr, value: tunnelIp }, held.route),
  };
  const entries = TABLES.flatMap((table) => {
    const difference = compared[table];
    return difference.kind === 'none' || difference.kind === 'unknown'
      ? []
      : [
          {
            observer: held.node,
            subject,
            table,
            expected: expectedText(table, held.device, vtep),
            found: difference.found,
          },
        ];
  });
  if (entries.length === 0) return undefined;
  const state = {
    neighbour: heldOf(compared.neighbour),
    fdb: heldOf(compared.fdb),
    // A route to the pods that leads elsewhere is as good as none.
    route: compared.route.kind === 'changed' ? 'absent' : heldOf(compared.route),
  } as const;
  return { observer: held.node, subject, state, entries };
}

/** The entry that an observer should hold, as its tool would print it. */
export function expectedText(table: Table, device: string, vtep: Vtep): string {
  const { tunnelIp, mac, underlayIp, podCidr } = vtep;
  switch (table) {
    case 'neighbour':
      return neighbourText(device, tunnelIp, mac);
    case 'fdb':
      return fdbText(device, mac, underlayIp);
    case 'route':
      return routeText(device, podCidr, tunnelIp);
  }
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

/**
 * With DirectRouting, a pair on one subnet has a plain route via the underlay IP and neither of the
 * other entries; flannel decides it for each pair (pkg/backend/vxlan/vxlan_network.go).
 */
function routesDirectly(held: Holdings, { podCidr, underlayIp }: Vtep): boolean {
  if (podCidr === undefined || underlayIp === undefined) return false;
  const routes = held.direct?.byKey.get(podCidr) ?? [];
  return routes.some(({ value }) => value === underlayIp);
}

function look(
  expected: { readonly key: string | undefined; readonly value: string | undefined },
  index: Index | undefined,
): Difference {
  return index === undefined ? { kind: 'unknown' } : compare(expected, index);
}

function heldOf(difference: Difference): Held {
  return difference.kind === 'none' ? 'right' : difference.kind;
}

const WORST_FIRST: readonly Held[] = ['absent', 'changed', 'weak', 'unknown', 'right'];

function worse(one: Held, two: Held): Held {
  return WORST_FIRST.indexOf(one) < WORST_FIRST.indexOf(two) ? one : two;
}

function indexOf(entries: readonly Entry[] | undefined): Index | undefined {
  return entries === undefined ? undefined : indexEntries(entries);
}
