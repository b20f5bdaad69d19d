import { type Table, TABLES } from '../../contract/causes.ts';
import type { ErrorType } from '../../contract/telemetry.ts';
import { peersOf } from '../diff/matrix.ts';
import type { Judgement } from '../judge.ts';
import type { Observation } from '../overlay.ts';
import type { NodeFigures } from './points.ts';
import { type TableCounts, wholeRows } from './whole-rows.ts';

/** The figures of every node that was judged. */
export function nodeFigures(judgement: Judgement): ReadonlyMap<string, NodeFigures> {
  const { matrix } = judgement;
  const ghosts = ghostEntries(judgement);
  const missing = new Map<string, Record<Table, number>>();
  const columns = new Map<string, number>();
  const rows = new Map<string, number>();
  const whole = wholeRows(matrix);
  for (const { observer, subject, state } of matrix.cells) {
    if (whole.observers.has(observer)) continue;
    const wrong = TABLES.filter((table) => state[table] === 'absent' || state[table] === 'changed');
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

/** Hosts without a usable answer, by what kind of failure it was. */
export function failuresOf(
  observations: readonly Observation[],
): Readonly<Partial<Record<ErrorType, number>>> {
  const failures: Partial<Record<ErrorType, number>> = {};
  for (const observation of observations) {
    if (observation.kind !== 'unknown') continue;
    failures[observation.error] = (failures[observation.error] ?? 0) + 1;
  }
  return failures;
}

/** Only where every node's VTEP is known can an entry be said to be for none of them. */
function ghostEntries({ members, vteps, matrix }: Judgement): ReadonlyMap<string, number> {
  const known = new Set(vteps.map(({ node }) => node));
  if (!members.every(({ node }) => known.has(node))) return new Map();
  return new Map(
    [...matrix.rows.values()].map(({ observer, ghosts }) => [observer, sumOf(ghosts)]),
  );
}

function sumOf(counts: Readonly<Record<Table, number>>): number {
  return TABLES.reduce((sum, table) => sum + counts[table], 0);
}
