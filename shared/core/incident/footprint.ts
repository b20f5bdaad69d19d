import { type Cause, type Table, TABLES } from '../../contract/causes.ts';
import { conditionSignature, isKind } from '../diagnose/causes.ts';
import { conditionsIn, type Finding } from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import { remember } from '../remember.ts';
import { type Cell, isWrong } from '../matrix/cells.ts';
import { answerOf, type ConditionAnswer, conditionOf } from '../matrix/conditions.ts';
import type { Matrix, Row } from '../matrix/matrix.ts';
import { CELLS_OF_ROW } from '../matrix/shown-row.ts';

/**
 * Which cells of the matrix are an incident's own, in blocks, and the tables in which they are wrong. An
 * observer stands in one block only. Of faults that are states of nodes themselves: which nodes have which.
 */
export interface Footprint {
  readonly blocks: readonly Block[];
  readonly tables: readonly Table[];
  readonly states?: readonly NodeStates[] | undefined;
}

/** The nodes that are in one state. */
interface NodeStates {
  readonly cause: Cause;
  readonly nodes: readonly string[];
}

/** Every cell of these observers and these subjects; without subjects, whatever the observers hold. */
interface Block {
  readonly observers: readonly string[];
  readonly subjects: readonly string[];
}

/** The subjects of each observer's cells. */
type Rows = ReadonlyMap<string, ReadonlySet<string>>;

/** How many names the blocks of one footprint may have; one block with all names takes their place. */
const NAMES = 50_000;

export function footprintOf(finding: Finding, matrix: Matrix): Footprint {
  const parts = finding.parts ?? [finding];
  const wholeRow = wholeRowsOf(matrix);
  return {
    blocks: blocksOf(mergeRows(parts.map((part) => rowsOf(part, wholeRow)))),
    tables: TABLES.filter((table) => finding.cells.some(({ state }) => isWrong(state[table]))),
    ...statesOf(
      conditionsIn(finding).map(({ cause, subject = '' }) => ({ cause, nodes: [subject] })),
    ),
  };
}

/** States by their cause, each node once. */
function statesOf(states: readonly NodeStates[]): Pick<Footprint, 'states'> {
  const byCause = [...groupBy(states, ({ cause }) => cause).values()].flatMap((alike) => {
    const nodes = [...new Set(alike.flatMap((one) => one.nodes))];
    return nodes.length === 0 ? [] : alike.slice(0, 1).map(({ cause }) => ({ cause, nodes }));
  });
  return byCause.length === 0 ? {} : { states: byCause };
}

function rowsOf({ cause, subject, observers, cells }: Finding, wholeRow: WholeRow): Rows {
  const isState = isKind(cause, 'node');
  // A drifted subject's own row is part of the fault, but what its peers hold of each other is not.
  const own =
    isState || subject === undefined ? cells : cells.filter((cell) => cell.subject === subject);
  const rows = new Map<string, ReadonlySet<string>>(
    [...groupBy(own, ({ observer }) => observer)].map(([observer, row]) => [
      observer,
      (row.length >= CELLS_OF_ROW ? wholeRow(observer) : undefined) ??
        new Set(row.map((cell) => cell.subject)),
    ]),
  );
  // Of a host without a device no cell may be known.
  const bare = isState ? [] : observers;
  for (const observer of bare) if (!rows.has(observer)) rows.set(observer, new Set());
  return rows;
}

/** The subjects of a row of which the matrix has only the first cells; equal rows share a set. */
type WholeRow = (observer: string) => ReadonlySet<string> | undefined;

function wholeRowsOf({ rows, subjects }: Matrix): WholeRow {
  let all: ReadonlySet<string> | undefined;
  return (observer) => {
    const row = rows.get(observer);
    if (row === undefined) return undefined;
    if (row.lost.size > 0) return (all ??= new Set(subjects.keys()));
    return row.unheld.size > CELLS_OF_ROW ? row.unheld : undefined;
  };
}

/** Of very many rows most share a few sets: each pair of sets is joined once. */
function mergeRows(all: readonly Rows[]): Rows {
  const joined = remember((one: ReadonlySet<string>) =>
    remember((other: ReadonlySet<string>) => one.union(other)),
  );
  const merged = new Map<string, ReadonlySet<string>>();
  for (const rows of all) {
    for (const [observer, subjects] of rows) {
      const known = merged.get(observer);
      merged.set(observer, known === undefined ? subjects : joined(known)(subjects));
    }
  }
  return merged;
}

function blocksOf(rows: Rows): readonly Block[] {
  const nameOf = remember((subjects: ReadonlySet<string>) => [...subjects].toSorted().join(' '));
  const alike = groupBy(rows, ([, subjects]) => nameOf(subjects));
  const blocks = [...alike.values()].map((some) => ({
    observers: some.map(([observer]) => observer),
    subjects: [...(some[0]?.[1] ?? [])],
  }));
  const size = blocks.reduce((sum, one) => sum + one.observers.length + one.subjects.length, 0);
  const whole = { observers: [...rows.keys()], subjects: subjectsOf({ blocks }) };
  return size > NAMES ? [whole] : blocks;
}

export function observersOf({ blocks }: Pick<Footprint, 'blocks'>): readonly string[] {
  return blocks.flatMap(({ observers }) => observers);
}

export function subjectsOf({ blocks }: Pick<Footprint, 'blocks'>): readonly string[] {
  return [...new Set(blocks.flatMap(({ subjects }) => subjects))];
}

/** The nodes of which the incident is a state. */
export function statefulNodesOf({ states = [] }: Footprint): readonly string[] {
  return [...new Set(states.flatMap(({ nodes }) => nodes))];
}

/** How many cells a footprint has; a host of which nothing more is known counts as one, as a state does. */
export function sizeOf({ blocks, states = [] }: Footprint): number {
  const cells = blocks.reduce(
    (sum, { observers, subjects }) => sum + observers.length * Math.max(1, subjects.length),
    0,
  );
  return states.reduce((sum, { nodes }) => sum + nodes.length, cells);
}

/** Whether a finding is a state of a node that the footprint has. */
export function hasState({ states = [] }: Footprint): (finding: Finding) => boolean {
  const nodes = new Map(states.map((one) => [one.cause, new Set(one.nodes)]));
  return ({ cause, subject = '' }) => nodes.get(cause)?.has(subject) === true;
}

/** The states of a footprint of which a run saw, of a node that is still there, one of these answers. */
function statesWith(
  { states = [] }: Footprint,
  matrix: Matrix,
  answers: readonly ConditionAnswer[],
): Pick<Footprint, 'states'> {
  const there = new Set(matrix.nodes);
  return statesOf(
    states.map(({ cause, nodes }) => {
      const signature = conditionSignature(cause);
      if (signature === undefined) return { cause, nodes: [] };
      const condition = conditionOf(matrix.settled, signature.find);
      const isLeft = (node: string): boolean => answers.includes(answerOf(condition, node));
      return { cause, nodes: nodes.filter((node) => there.has(node) && isLeft(node)) };
    }),
  );
}

/** Whether a cell is within the footprint. */
export function coverOf({ blocks }: Footprint): (cell: Place) => boolean {
  const rows = new Map(
    blocks.flatMap(({ observers, subjects }) => {
      const known = new Set(subjects);
      return observers.map((observer) => [observer, known] as const);
    }),
  );
  return ({ observer, subject }) => {
    const subjects = rows.get(observer);
    return subjects !== undefined && (subjects.size === 0 || subjects.has(subject));
  };
}

type Place = Pick<Cell, 'observer' | 'subject'>;

/** The cells of the matrix that are wrong within the footprint. */
export function wrongWithin(footprint: Footprint, { cells }: Matrix): readonly Cell[] {
  const covers = coverOf(footprint);
  return cells.filter(
    (cell) => footprint.tables.some((table) => isWrong(cell.state[table])) && covers(cell),
  );
}

/** Whether a run saw enough of a row to say that an incident's cells in it are right. */
function shows(row: Row | undefined, { tables }: Footprint): boolean {
  return row?.devices !== undefined && tables.every((table) => row.shown.has(table));
}

/**
 * The footprint after a run: what was seen right leaves it, and so do nodes that left the cluster. What
 * could not be checked stays, since not looking fixes nothing. `wrong`: the cells that are still wrong.
 */
export function remaining(
  before: Footprint,
  matrix: Matrix,
  wrong: readonly Cell[] = wrongWithin(before, matrix),
): Footprint {
  const seen = groupBy(wrong, ({ observer }) => observer);
  const wholeRow = wholeRowsOf(matrix);
  const left = leftOf(before, matrix, (observer) => {
    const row = seen.get(observer) ?? [];
    const whole = row.length === 0 ? undefined : wholeRow(observer);
    return whole ?? new Set(row.map(({ subject }) => subject));
  });
  return { ...left, ...statesWith(before, matrix, ['present', 'unknown']) };
}

/** The part of a footprint whose subjects' own devices a run did not see. */
export function withUnseenDevices({ blocks, tables }: Footprint, matrix: Matrix): Footprint {
  const isUnseen = (node: string): boolean =>
    nodes.has(node) && matrix.rows.get(node)?.devices === undefined;
  const nodes = new Set(matrix.nodes);
  return {
    tables,
    blocks: blocks.flatMap(({ observers, subjects }) => {
      const unseen = subjects.filter(isUnseen);
      const there = observers.filter((node) => nodes.has(node));
      return unseen.length === 0 || there.length === 0
        ? []
        : [{ observers: there, subjects: unseen }];
    }),
  };
}

/** The part of a footprint that a run could not check. */
export function uncheckedOf(before: Footprint, matrix: Matrix): Footprint {
  return {
    ...leftOf(before, matrix, () => NOBODY),
    ...statesWith(before, matrix, ['unknown']),
  };
}

const NOBODY: ReadonlySet<string> = new Set();

/** `wrongOf`: the subjects that are still wrong in a row which the run saw. */
function leftOf(
  before: Footprint,
  matrix: Matrix,
  wrongOf: (observer: string) => ReadonlySet<string>,
): Footprint {
  const nodes = new Set(matrix.nodes);
  const rows = new Map<string, ReadonlySet<string>>();
  for (const block of before.blocks) {
    const subjects = new Set(block.subjects.filter((subject) => nodes.has(subject)));
    const unchecked = new Set([...subjects].filter((subject) => !matrix.subjects.has(subject)));
    const leftIn = remember((wrong: ReadonlySet<string>) =>
      subjects.intersection(wrong).union(unchecked),
    );
    for (const observer of block.observers.filter((one) => nodes.has(one))) {
      const row = matrix.rows.get(observer);
      const isSeen = shows(row, before);
      const unknown = row?.unknown ?? NOBODY;
      const wrong = wrongOf(observer);
      const left = isSeen ? leftIn(unknown.size === 0 ? wrong : wrong.union(unknown)) : subjects;
      // Of a host without a device no cell may be known.
      const isDeviceless = block.subjects.length === 0 && !isSeen;
      if (left.size > 0 || isDeviceless) rows.set(observer, left);
    }
  }
  return { blocks: blocksOf(rows), tables: before.tables };
}

export function union(one: Footprint, other: Footprint): Footprint {
  return {
    blocks: blocksOf(mergeRows([rowsIn(one), rowsIn(other)])),
    tables: TABLES.filter((table) => one.tables.includes(table) || other.tables.includes(table)),
    ...statesOf([...(one.states ?? []), ...(other.states ?? [])]),
  };
}

function rowsIn({ blocks }: Footprint): Rows {
  return new Map(
    blocks.flatMap(({ observers, subjects }) => {
      const row = new Set(subjects);
      return observers.map((observer) => [observer, row] as const);
    }),
  );
}
