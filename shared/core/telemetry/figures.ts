import { type Table, TABLES } from '../../contract/causes.ts';
import type { ErrorType } from '../../contract/telemetry.ts';
import { type Matrix, peersOf, type Row, subjectsOf } from '../matrix/matrix.ts';
import { CELLS_OF_ROW } from '../matrix/shown-row.ts';
import type { Judgement } from '../judge.ts';
import type { Observation } from '../overlay/vtep.ts';

/** Figures of the hosts of a run that its report does not have. */
export interface HostFigures {
  /** Every node that was checked, by its name in the report. */
  readonly nodes: ReadonlyMap<string, NodeFigures>;
  /** Hosts without a usable answer; a reason that is missing counts 0. */
  readonly failures: Readonly<Partial<Record<ErrorType, number>>>;
  /** The most orchestration directories on any one host; undefined when no host reported them. */
  readonly orchestrationDirectories: number | undefined;
}

export interface NodeFigures {
  /** Peers whose entries for this node were checked. */
  readonly checkedPeers: number;
  /** How many of these hold no correct entry for it, in each table. */
  readonly missingPeers: TableCounts;
  /** Peers in whose row or column a table is wrong, whatever the cause; the larger of the two. */
  readonly lostPeers: number;
  /** Entries that this node itself holds for VTEPs of no live node; undefined when not counted. */
  readonly ghostEntries: number | undefined;
}

type TableCounts = Readonly<Record<Table, number>>;

export function hostFigures(
  judgement: Judgement,
  observations: readonly Observation[],
): HostFigures {
  const directories = judgement.members
    .map(({ observed }) => observed?.host.agentDirectories)
    .filter((number) => number !== undefined);
  return {
    nodes: nodeFigures(judgement),
    failures: failuresOf(observations),
    orchestrationDirectories: directories.length === 0 ? undefined : Math.max(...directories),
  };
}

function failuresOf(observations: readonly Observation[]): HostFigures['failures'] {
  const failures: Partial<Record<ErrorType, number>> = {};
  for (const observation of observations) {
    if (observation.kind !== 'unknown') continue;
    failures[observation.error] = (failures[observation.error] ?? 0) + 1;
  }
  return failures;
}

/** The table of direct routes. */
const DIRECT_TABLES: readonly Table[] = ['route'];

function nodeFigures(judgement: Judgement): ReadonlyMap<string, NodeFigures> {
  const { matrix } = judgement;
  const ghosts = ghostEntries(judgement);
  const missing = new Map<string, Record<Table, number>>();
  const columns = new Map<string, number>();
  const rows = new Map<string, number>();
  const whole = wholeRows(matrix);
  for (const { observer, subject, state, way } of matrix.cells) {
    if (whole.observers.has(observer)) continue;
    const needed = way === 'direct' ? DIRECT_TABLES : TABLES;
    const wrong = needed.filter((table) => state[table] === 'absent' || state[table] === 'changed');
    if (wrong.length === 0) continue;
    count(columns, subject);
    count(rows, observer);
    const tables = missing.get(subject) ?? { ...NONE_MISSING };
    for (const table of wrong) tables[table] += 1;
    missing.set(subject, tables);
  }
  const figuresOf = (node: string): NodeFigures => {
    const others = whole.lossesOf(node);
    return {
      checkedPeers: peersOf(matrix, node),
      missingPeers: plus(missing.get(node) ?? NONE_MISSING, others),
      lostPeers: Math.max(
        (columns.get(node) ?? 0) + Math.max(...Object.values(others)),
        whole.observers.get(node) ?? rows.get(node) ?? 0,
      ),
      ghostEntries: ghosts.get(node),
    };
  };
  return new Map([...matrix.subjects.keys()].map((node) => [node, figuresOf(node)]));
}

const NONE_MISSING: TableCounts = { neighbour: 0, fdb: 0, route: 0 };

function plus(one: TableCounts, other: TableCounts): TableCounts {
  return {
    neighbour: one.neighbour + other.neighbour,
    fdb: one.fdb + other.fdb,
    route: one.route + other.route,
  };
}

function count(counts: Map<string, number>, node: string): void {
  counts.set(node, (counts.get(node) ?? 0) + 1);
}

/** Rows of a large cluster of which the matrix keeps only the first cells. */
interface WholeRows {
  /** How many subjects each of these observers has lost. */
  readonly observers: ReadonlyMap<string, number>;
  /** How many of these observers have lost a node, table by table. */
  lossesOf(node: string): TableCounts;
}

function wholeRows(matrix: Matrix): WholeRows {
  const lost = { ...NONE_MISSING };
  const missing = new Map<Row['unheld'], number>();
  const observers = new Map<string, number>();
  for (const [observer, { lost: tables, unheld }] of matrix.rows) {
    if (tables.size > 0) {
      observers.set(observer, subjectsOf(matrix, observer));
      for (const table of tables) lost[table] += 1;
    } else if (unheld.size > CELLS_OF_ROW) {
      observers.set(observer, unheld.size);
      missing.set(unheld, (missing.get(unheld) ?? 0) + 1);
    }
  }
  const lossesOf = (node: string): TableCounts => {
    const own = matrix.rows.get(node)?.lost;
    const unheldBy = [...missing].reduce(
      (sum, [nodes, rows]) => sum + (nodes.has(node) ? rows : 0),
      0,
    );
    // An observer has no entry for itself to lose.
    const lossOf = (table: Table): number =>
      unheldBy + lost[table] - Number(own?.has(table) ?? false);
    return { neighbour: lossOf('neighbour'), fdb: lossOf('fdb'), route: lossOf('route') };
  };
  return { observers, lossesOf };
}

/** Only where every node's VTEP is known is an entry certain to be for none of them. */
function ghostEntries({ members, vteps, matrix }: Judgement): ReadonlyMap<string, number> {
  const known = new Set(vteps.map(({ node }) => node));
  if (!members.every(({ node }) => known.has(node))) return new Map();
  return new Map(
    [...matrix.rows.values()].map(({ observer, ghosts }) => [observer, sumOf(ghosts)]),
  );
}

function sumOf(counts: TableCounts): number {
  return TABLES.reduce((sum, table) => sum + counts[table], 0);
}
