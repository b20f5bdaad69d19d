import {
  type DigestedHost,
  type Member,
  type ObservedHost,
  ownDevice,
  profileIn,
} from '../members/member.ts';
import { type Family, familyOf } from '../overlay/addresses.ts';
import { deviceFamily } from '../overlay/profile.ts';
import { isUnderlayOpen } from '../members/underlay.ts';
import { FAMILIES } from '../overlay/addresses.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { groupBy } from '../group.ts';
import type { Cell } from './cells.ts';
import type { SettledNodes } from './conditions.ts';
import { digestRows } from './digests.ts';
import { type DirectHolders, type FindDirect, withDirectRoutes } from './direct.ts';
import { type CheckedOverlay, NOTHING_SHOWN, type ShownRow } from './shown-row.ts';
import { tableRows } from './tables.ts';
import { triedPairs } from './tried-pairs.ts';
import { type UnlistedNodes, unlistedNodes } from './unlisted.ts';

/**
 * Whether a node's own device has the MAC of its annotation, where both are known: it tells who is
 * wrong when peers hold another MAC than the device.
 */
export type MacTruth = 'agrees' | 'differs' | 'unknown';

/** `down`: there, and not UP or without its tunnel IP, so that no packet leaves by it. */
export type DeviceFault = 'missing' | 'down';

/** One observer's row: what its host says of itself. */
export interface Row extends Omit<ShownRow, 'cells' | 'findDirect'> {
  readonly observer: string;
  /** The overlay devices it has; undefined where its links were not captured. */
  readonly devices: readonly Device[] | undefined;
  /** What is wrong with the device that the host should have of a family, if anything is. */
  readonly deviceFault: DeviceFault | undefined;
}

/**
 * The observer × subject matrix. Only cells in which something is wrong are kept: of 25 million
 * cells in a cluster of 5,000 nodes all but a few are right.
 */
export interface Matrix {
  /** Every node of the overlay, whether it could be checked or not. */
  readonly nodes: readonly string[];
  readonly rows: ReadonlyMap<string, Row>;
  readonly subjects: ReadonlyMap<string, MacTruth>;
  readonly cells: readonly Cell[];
  /** Who holds the direct routes to the VTEPs of which somebody has lost one, by `vtepName`. */
  readonly directHolders: ReadonlyMap<string, DirectHolders>;
  /**
   * Subjects whose underlay IP no node list confirms: it is what their own device and earlier runs have, or
   * what peers hold.
   */
  readonly unlistedUnderlays: ReadonlySet<string>;
  readonly unlisted: UnlistedNodes;
  /** What is known of the nodes that are checked, besides their entries. */
  readonly settled: SettledNodes;
  /**
   * Observers whose digests say only that something is wrong, in groups that differ in the same: of
   * each group one must be read in full. Nothing is said of what they hold.
   */
  readonly unexplained: readonly (readonly string[])[];
}

/** `unknownHosts`: hosts that answer, and that are no members. */
export function matrixOf(
  members: readonly Member[],
  vteps: readonly Vtep[],
  unknownHosts: readonly ObservedHost[] = [],
): Matrix {
  const checked = members.filter(({ grace }) => grace === undefined);
  const settled = new Set(checked.map(({ node }) => node));
  const subjects = vteps.filter(({ node }) => settled.has(node));
  const byNode = groupBy(vteps, ({ node }) => node);
  const profile = profileIn(members);
  const overlay = { vteps, subjects, profile };
  const digests = digestRows(checked, overlay);
  const shownBy = rowsBy(overlay, digests.rowOf);
  const open = openSubjects(checked, subjects);
  const rows = new Map<string, Row>();
  const cells: Cell[] = [];
  const found = new Map<string, FindDirect>();
  for (const member of checked) {
    const row = withUnknown(shownBy(member), open);
    // A host that could read none of its tables has said nothing of any peer.
    if (row.shown.size === 0) continue;
    rows.set(member.node, rowOf(member, byNode.get(member.node) ?? [], row));
    for (const cell of row.cells) cells.push(cell);
    found.set(member.node, row.findDirect);
  }
  const unlisted = unlistedNodes(members, {
    rows,
    cells,
    vteps: subjects,
    profile,
    unknownHosts,
  });
  const { unplaced, left, departed } = unlisted;
  for (const node of unplaced) rows.delete(node);
  const unknown = new Set([...unplaced, ...left, ...departed]);
  const direct = withDirectRoutes(
    cells.filter(({ observer, subject }) => !unknown.has(subject) && !unplaced.has(observer)),
    { members, vteps, profile, found },
  );
  const settledMembers = checked.filter(({ node }) => !unknown.has(node));
  const settledVteps = subjects.filter(({ node }) => !unknown.has(node));
  return {
    nodes: members.map(({ node }) => node).filter((node) => !departed.has(node)),
    rows,
    subjects: new Map(
      checked
        .filter(({ node }) => byNode.has(node) && !unknown.has(node))
        .map((member) => [member.node, macTruth(member)]),
    ),
    ...direct,
    unlistedUnderlays: new Set(
      checked
        .filter((member) => (byNode.get(member.node) ?? []).some((vtep) => !isListed(member, vtep)))
        .map(({ node }) => node),
    ),
    unlisted,
    settled: {
      members: settledMembers,
      vteps: settledVteps,
      contradicted: contradictedBy(cells, rows.size),
      tried: triedPairs({
        members: settledMembers,
        vteps: settledVteps,
        held: { rows, cells: direct.cells, unexplained: digests.unexplained },
      }),
    },
    unexplained: digests.unexplained,
  };
}

/** What each host showed; the lookups that whole tables need are made once, and only where one has any. */
function rowsBy(
  overlay: CheckedOverlay,
  rowOfDigest: (node: string, host: DigestedHost) => ShownRow,
): (member: Member) => ShownRow {
  let rowOfTables: ReturnType<typeof tableRows> | undefined;
  return ({ node, observed }) => {
    switch (observed?.kind) {
      case undefined:
        return NOTHING_SHOWN;
      case 'digest':
        return rowOfDigest(node, observed);
      case 'tables':
        rowOfTables ??= tableRows(overlay);
        return rowOfTables(node, observed);
    }
  };
}

/** Fewer witnesses do not show that a device has changed its address. */
const WITNESSES = 3;

/** The subjects for which most observers hold another MAC address. */
function contradictedBy(cells: readonly Cell[], observers: number): ReadonlySet<string> {
  const changed = cells.filter(({ state }) => state.neighbour === 'changed');
  return new Set(
    [...groupBy(changed, ({ subject }) => subject)]
      .filter(([, column]) => column.length >= WITNESSES && column.length * 2 >= observers - 1)
      .map(([subject]) => subject),
  );
}

/** Subjects of which nobody knows at which underlay IP they are now: what is held of them is right or wrong. */
function openSubjects(members: readonly Member[], subjects: readonly Vtep[]): ReadonlySet<string> {
  const unknown = new Set(
    subjects.flatMap(({ node, underlayIp }) => (underlayIp === undefined ? node : [])),
  );
  const open = members.filter(
    (member) =>
      unknown.has(member.node) && FAMILIES.some((family) => isUnderlayOpen(member, family)),
  );
  return new Set(open.map(({ node }) => node));
}

function withUnknown(row: ShownRow, open: ReadonlySet<string>): ShownRow {
  return open.size === 0 ? row : { ...row, unknown: row.unknown.union(open) };
}

/** How many peers could check a subject. */
export function peersOf(matrix: Matrix, subject: string): number {
  return matrix.rows.size - (matrix.rows.has(subject) ? 1 : 0);
}

/** How many subjects an observer could check. */
export function subjectsOf(matrix: Matrix, observer: string): number {
  return matrix.subjects.size - (matrix.subjects.has(observer) ? 1 : 0);
}

/**
 * Peers are programmed with the annotation; where the list has none, or one that is no address of the node's
 * interfaces, with one of the addresses that the kubelet names.
 */
function isListed({ listed }: Member, { family, underlayIp }: Vtep): boolean {
  const annotated = listed?.annotated.find((one) => one.family === family)?.publicIp;
  return annotated === underlayIp || (listed?.internalIps ?? []).some((ip) => ip === underlayIp);
}

function macTruth({ listed, observed }: Member): MacTruth {
  const truths = new Set(
    (listed?.annotated ?? []).map(({ family, mac }): MacTruth => {
      const device = ownDevice(observed?.tables.devices, family);
      if (mac === undefined || device?.mac === undefined) return 'unknown';
      return mac === device.mac ? 'agrees' : 'differs';
    }),
  );
  if (truths.has('differs')) return 'differs';
  return truths.has('agrees') ? 'agrees' : 'unknown';
}

/** A host's row; `own` is the host's own VTEP in each family. */
export function rowOf(
  { node, observed }: Member,
  own: readonly Vtep[],
  { shown, ghosts, lost, unknown, unheld }: Omit<ShownRow, 'cells' | 'findDirect'>,
): Row {
  const deviceFault = deviceFaultOf(observed, own);
  const { devices } = observed?.tables ?? {};
  return { observer: node, devices, deviceFault, shown, ghosts, lost, unknown, unheld };
}

/** Only of a host that is known to have a VTEP can something be said of the device that it should have. */
function deviceFaultOf(
  observed: ObservedHost | undefined,
  own: readonly Vtep[],
): Row['deviceFault'] {
  const { devices, incomplete } = observed?.tables ?? {};
  if (observed === undefined || devices === undefined) return undefined;
  const faults = own.map(({ family }): Row['deviceFault'] => {
    const ofFamily = devices.filter(({ name }) => deviceFamily(name) === family);
    // Of the links that were not understood one may be the device.
    if (ofFamily.length === 0) return incomplete?.has('device') === true ? undefined : 'missing';
    return ofFamily.some((device) => isUsable(observed, device, family)) ? undefined : 'down';
  });
  return faults.find((fault) => fault === 'missing') ?? faults.find((fault) => fault === 'down');
}

/**
 * A device that is up and has an address. Whether it has one is unknown where addresses were not captured, or
 * were captured in part: the one from which the device sends is an interface's.
 */
function isUsable({ host, tables }: ObservedHost, device: Device, family: Family): boolean {
  const { ownAddresses } = tables;
  const isWhole = device.local === undefined || ownAddresses?.has(device.local) === true;
  const areKnown = host.instanceId !== undefined || (ownAddresses !== undefined && isWhole);
  return device.up && (!areKnown || device.addresses.some((one) => familyOf(one) === family));
}
