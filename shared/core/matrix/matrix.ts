import { TABLES } from '../../contract/causes.ts';
import { ownDevice, profileIn } from '../members/own-device.ts';
import type { Member } from '../members/member.ts';
import { type Device, type Vtep, shownBy } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';
import { groupBy } from '../group.ts';
import { holdingsOf, type Wanted, wantedFor } from '../overlay/holdings.ts';
import { type Cell, cellOf, mergeCells } from './cells.ts';
import { digestsOf } from './digests.ts';
import { ghostsOf, type LiveKeys, liveKeys } from './ghosts.ts';
import { NOTHING_SEEN, type Seen, severedIn } from './seen.ts';

/**
 * Whether a node's own device has the MAC of its annotation, where both are known: it tells who is
 * wrong when peers hold another MAC than the device.
 */
export type MacTruth = 'agrees' | 'differs' | 'unknown';

/** One observer's row: what its host says of itself. */
export interface Row extends Omit<Seen, 'cells'> {
  readonly observer: string;
  /** The overlay devices it has; undefined where its links were not captured. */
  readonly devices: readonly Device[] | undefined;
  /** The host should have a device of a family, and has none. */
  readonly deviceMissing: boolean;
}

/**
 * The observer × subject matrix. Only cells in which something is wrong are kept: of 25 million
 * cells in a cluster of 5,000 nodes all but a few are right.
 */
export interface Matrix {
  /** Every node of the overlay, whether it could be judged or not. */
  readonly nodes: readonly string[];
  readonly rows: ReadonlyMap<string, Row>;
  readonly subjects: ReadonlyMap<string, MacTruth>;
  readonly cells: readonly Cell[];
  /**
   * Observers whose digests say only that something is wrong, in groups that differ in the same: of
   * each group one must be read in full. Nothing is said of what they hold.
   */
  readonly unexplained: readonly (readonly string[])[];
}

export function matrixOf(members: readonly Member[], vteps: readonly Vtep[]): Matrix {
  const judged = members.filter(({ grace }) => grace === undefined);
  const settled = new Set(judged.map(({ node }) => node));
  const subjects = vteps.filter(({ node }) => settled.has(node));
  const byNode = groupBy(vteps, ({ node }) => node);
  const profile = profileIn(members);
  const digests = digestsOf(judged, { vteps, subjects, profile });
  let expected: Expected | undefined;
  const inTables = (member: Member): Seen => {
    expected ??= {
      profile,
      wanted: subjects.map((vtep) => wantedFor(vtep, profile)),
      live: liveKeys(vteps),
    };
    return seenInTables(member, expected);
  };
  const rows = new Map<string, Row>();
  const cells: Cell[] = [];
  for (const member of judged) {
    const seen = digests.seenBy(member) ?? inTables(member);
    // A host that could read none of its tables has said nothing of any peer.
    if (seen.shown.size === 0) continue;
    rows.set(member.node, rowOf(member, byNode.get(member.node) ?? [], seen));
    for (const cell of seen.cells) cells.push(cell);
  }
  const left = leftNodes(judged, rows);
  return {
    nodes: members.map(({ node }) => node),
    rows,
    subjects: new Map(
      judged
        .filter(({ node }) => byNode.has(node) && !left.has(node))
        .map((member) => [member.node, macTruth(member)]),
    ),
    cells: cells.filter(({ subject }) => !left.has(subject)),
    unexplained: digests.unexplained,
  };
}

/** How many peers could judge a subject. */
export function peersOf(matrix: Matrix, subject: string): number {
  return matrix.rows.size - (matrix.rows.has(subject) ? 1 : 0);
}

/** How many subjects an observer could judge. */
export function subjectsOf(matrix: Matrix, observer: string): number {
  return matrix.subjects.size - (matrix.subjects.has(observer) ? 1 : 0);
}

/**
 * Nodes that seem to have left: they do not answer, no list holds them, and no peer holds any entry
 * for them, as flannel leaves it when a node is removed. Only the roster still tells of them.
 */
function leftNodes(
  members: readonly Member[],
  rows: ReadonlyMap<string, Row>,
): ReadonlySet<string> {
  const observers = [...rows.values()];
  const silent = members.filter(
    ({ node, observed, listed }) =>
      observed === undefined &&
      listed === undefined &&
      observers.length > 0 &&
      observers.every((row) => holdsNothingOf(node, row)),
  );
  return new Set(silent.map(({ node }) => node));
}

function holdsNothingOf(node: string, { severed, lost }: Row): boolean {
  return severed.has(node) || TABLES.every((table) => lost.has(table));
}

/** What all observers must hold. */
interface Expected {
  readonly profile: Profile;
  /** For each subject. */
  readonly wanted: readonly Wanted[];
  readonly live: LiveKeys;
}

function seenInTables(
  { node, observed }: Member,
  { profile, wanted: subjects, live }: Expected,
): Seen {
  const shown = shownBy(observed?.tables ?? {});
  if (observed === undefined || shown.size === 0) return NOTHING_SEEN;
  const holdings = holdingsOf(node, observed.tables, profile);
  const cells = new Map<string, Cell>();
  for (const wanted of subjects) {
    if (wanted.node === node) continue;
    const cell = cellOf(holdings[wanted.family], wanted);
    if (cell === undefined) continue;
    const sibling = cells.get(wanted.node);
    cells.set(wanted.node, sibling === undefined ? cell : mergeCells(sibling, cell));
  }
  const wrong = [...cells.values()];
  return {
    ...NOTHING_SEEN,
    shown,
    ghosts: ghostsOf([holdings.ipv4, holdings.ipv6], live),
    cells: wrong,
    severed: severedIn(wrong),
  };
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
  { shown, ghosts, lost, severed }: Omit<Seen, 'cells'>,
): Row {
  const devices = observed?.tables.devices;
  // Only of a host that is known to have a VTEP can a device be said to be missing.
  const deviceMissing =
    devices !== undefined && own.some(({ family }) => ownDevice(devices, family) === undefined);
  return { observer: node, devices, deviceMissing, shown, ghosts, lost, severed };
}
