import { TABLES } from '../../contract/causes.ts';
import { isKind } from '../diagnose/causes.ts';
import { rowCauseOf } from '../diagnose/diagnose.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { type Footprint, observersOf, sizeOf, subjectsOf } from './footprint.ts';
import { type Incident, JOIN_RUNS } from './incident.ts';

/**
 * A fault that strikes while a run reads its hosts is seen in part: some hosts answered before it. The run
 * opens an incident of that part, and what the next runs see of the rest is the same fault.
 */
export function isRestOf(incident: Incident, finding: Finding, matrix: Matrix): boolean {
  if (incident.steadyRuns >= JOIN_RUNS) return false;
  if (isOfSameLine(incident, finding)) return true;
  const { footprint } = incident;
  if (!lacksAllTables(footprint)) return false;
  return isKind(finding.cause, 'sides')
    ? isWithinPartition(footprint, matrix)
    : isOtherLineOf(incident, finding);
}

/**
 * More of the row or of the column, with the same cause: one more cell, or of a node of a group what it has lost
 * of nodes that were not checked before.
 */
function isOfSameLine(incident: Incident, finding: Finding): boolean {
  const { scope, name, accused, footprint, reported } = incident;
  const { scope: other, cause, cells } = finding;
  const [first] = cells;
  if (first === undefined) return false;
  const { observer, subject } = first;
  const isAlike = cause === reported.cause || rowCauseOf(cells) === reported.cause;
  if (!isAlike) return false;
  switch (scope) {
    case 'subject':
      return other === 'pair' && subject === name;
    case 'observer':
      return other === 'pair' && observer === name;
    case 'group': {
      const isOfObservers = accused === 'observers';
      if (other !== 'pair' && other !== (isOfObservers ? 'observer' : 'subject')) return false;
      return isOfObservers
        ? observersOf(footprint).includes(observer)
        : subjectsOf(footprint).includes(subject);
    }
    case 'pair':
    case 'cluster':
      return false;
  }
}

/** The column of the node whose row it is, or the row of the node whose column it is. */
function isOtherLineOf({ scope, name }: Incident, finding: Finding): boolean {
  const isLine = scope === 'subject' || scope === 'observer';
  const other = scope === 'subject' ? 'observer' : 'subject';
  return isLine && finding.scope === other && finding.name === name && isCutOff(finding);
}

function lacksAllTables({ tables }: Footprint): boolean {
  return tables.length === TABLES.length;
}

/** Whether most cells of a footprint are between the sides of a partition. */
function isWithinPartition(footprint: Footprint, { rows }: Matrix): boolean {
  const inside = footprint.blocks.flatMap(({ observers, subjects }) => {
    const some = new Set(subjects);
    return observers.map((observer) => rows.get(observer)?.unheld.intersection(some).size ?? 0);
  });
  return inside.reduce((sum, count) => sum + count, 0) * 2 > sizeOf(footprint);
}

/** Whether a node is cut off: in each cell the observer holds nothing at all of the subject. */
function isCutOff(finding: Finding): boolean {
  return finding.severity === 'critical' && holdsNothing(finding);
}

function holdsNothing({ cells }: Finding): boolean {
  return (
    cells.length > 0 &&
    cells.every(({ state }) => TABLES.every((table) => state[table] === 'absent'))
  );
}

/** Whether the nodes that a row lacks are those whose cells are in the column. */
function isMutual(row: Finding, column: Finding): boolean {
  const lost = subjectsIn(row);
  return (
    lost.size === column.cells.length && column.cells.every(({ observer }) => lost.has(observer))
  );
}

/** Whether hosts that hold nothing of the very same nodes are the part of a partition that was seen. */
export function areOneSide([first, ...others]: readonly Finding[]): boolean {
  if (first === undefined || others.length === 0) return false;
  const lost = subjectsIn(first);
  return [first, ...others].every(
    (one) =>
      one.scope === 'observer' &&
      isCutOff(one) &&
      subjectsIn(one).size === lost.size &&
      subjectsIn(one).isSubsetOf(lost),
  );
}

function subjectsIn({ cells }: Finding): ReadonlySet<string> {
  return new Set(cells.map(({ subject }) => subject));
}

/**
 * A node that holds nothing of the others, and of which they hold nothing, has one fault: its row and its
 * column are one finding. So has one that some others and it have lost of each other. The row leads, since
 * what is done on that host comes first.
 */
export function withIsolatedNodes(findings: readonly Finding[]): readonly Finding[] {
  const columns = new Map(
    findings
      .filter((one) => one.scope === 'subject' && holdsNothing(one))
      .map((one) => [one.name, one]),
  );
  const joined = new Map(
    findings.flatMap((row) => {
      const column =
        row.scope === 'observer' && holdsNothing(row) ? columns.get(row.name) : undefined;
      if (column === undefined) return [];
      const isOne = isMutual(row, column) || [row, column].every(isCutOff);
      return isOne ? [[row, column] as const] : [];
    }),
  );
  const gone = new Set(joined.values());
  return findings.flatMap((one) => {
    if (gone.has(one)) return [];
    const column = joined.get(one);
    if (column === undefined) return [one];
    const otherCauses = new Set([...one.otherCauses, column.cause, ...column.otherCauses]);
    otherCauses.delete(one.cause);
    return [{ ...one, otherCauses: [...otherCauses], cells: [...one.cells, ...column.cells] }];
  });
}
