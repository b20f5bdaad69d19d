import { type Cause, CAUSE_TABLE, CAUSES, type Table } from '../../contract/causes.ts';
import { type Cell, type CellState, isWrong } from '../matrix/cells.ts';
import { conditionOf, type Presence } from '../matrix/conditions.ts';
import { type Matrix, peersOf, subjectsOf } from '../matrix/matrix.ts';
import { sidesOf } from '../matrix/sides.ts';
import { groupBy } from '../group.ts';
import type { Held } from '../overlay/holdings.ts';
import { CAUSE_RULES, conditionSignature, isKind, isOfApi, UNMATCHED } from './causes.ts';
import { cover, type Line } from './cover.ts';
import {
  type Finding,
  isClusterWide,
  isSampled,
  nodeOf,
  ofCluster,
  ofCondition,
  ofObserver,
  ofPair,
  ofSubject,
} from './finding.ts';
import {
  type Candidate,
  cellRecogniser,
  type Recognised,
  recogniseRow,
  type Signature,
} from './signatures.ts';

const CANDIDATES: readonly Candidate[] = CAUSES.map((cause) => ({
  cause,
  signature: CAUSE_RULES[cause].signature,
}));

const recogniseCell = cellRecogniser(CANDIDATES);

/**
 * Explains the bad cells of the observer × subject matrix with as few findings as there are faults.
 *
 * A bad *row* is a fault of the observer, which lost its own tables. A bad *column* is a fault in what
 * the peers hold of one subject. A single bad *cell* is a pair. The same fault on most of the nodes is
 * the cluster's. Each stage explains the cells that it can, and leaves the others to the next stage.
 */
export function diagnose(matrix: Matrix): readonly Finding[] {
  const broken = matrix.cells.filter(isBroken);
  const aging = matrix.cells.filter((cell) => !isBroken(cell));
  const devices = devicesAtFault(matrix, broken);
  const states = conditions(matrix, without(broken, devices));
  const first = [...devices, ...states];
  // Between the sides of a partition nothing is left that could show a drift.
  const parts = partitioned(matrix, without(broken, first));
  const drifts = drifted(matrix, without(broken, [...first, ...parts]));
  const rows = wholeRows(matrix, without(broken, [...first, ...drifts, ...parts]), [
    ...first,
    ...drifts,
  ]);
  const explained = [...first, ...drifts, ...parts, ...rows];
  const lines = [...cover(matrix, without(broken, explained)), ...cover(matrix, aging)].map(
    (line) => findingOfLine(matrix, line),
  );
  const columns = [...first, ...drifts, ...lines].filter(({ scope }) => scope === 'subject');
  const found = [...first, ...drifts, ...parts, ...withWhatElse(matrix, rows, columns), ...lines];
  const folded = withPartsOfLoss(foldTogether(found));
  return joinClusterWide(matrix, accuseNobody(matrix, folded));
}

/** An entry is lost or wrong. Otherwise the cell works, until its entry ages out. */
function isBroken({ state }: Cell): boolean {
  return Object.values(state).some((held) => held === 'absent' || held === 'changed');
}

function without(cells: readonly Cell[], findings: readonly Finding[]): readonly Cell[] {
  const explained = new Set(findings.flatMap((finding) => finding.cells));
  return cells.filter((cell) => !explained.has(cell));
}

/** Hosts whose own device carries nothing: what they hold of others is then no fault of its own. */
function devicesAtFault(matrix: Matrix, cells: readonly Cell[]): readonly Finding[] {
  const byObserver = groupBy(cells, ({ observer }) => observer);
  return CAUSES.flatMap((cause) => {
    const { signature } = CAUSE_RULES[cause];
    if (signature.kind !== 'device') return [];
    return [...matrix.rows.values()]
      .filter(({ deviceFault }) => deviceFault === signature.fault)
      .map(({ observer }) =>
        ofObserver(
          matrix,
          { observer, cells: byObserver.get(observer) ?? [] },
          { cause, otherCauses: [] },
        ),
      );
  });
}

/** The first cause in precedence that this kind of signature recognises. */
function causesOfKind(kind: Signature['kind']): readonly Cause[] {
  return CAUSES.filter((cause) => isKind(cause, kind)).slice(0, 1);
}

/** What the answers of API servers show. They come last, and explain no cell. */
export function diagnoseApis(matrix: Matrix): readonly Finding[] {
  return joinClusterWide(matrix, conditions(matrix, [], CAUSES.filter(isOfApi)));
}

/**
 * States of nodes themselves, in the order of precedence. Each cell is explained once, and a state that is a part
 * of an earlier one is none of its own.
 */
function conditions(
  matrix: Matrix,
  cells: readonly Cell[],
  causes: readonly Cause[] = CAUSES,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const cause of causes) {
    const signature = conditionSignature(cause);
    if (signature === undefined) continue;
    // What a node's own state explains is no second fault: its packets are lost because of it.
    const explained =
      CAUSE_RULES[cause].isOfPackets === true
        ? new Set(findings.filter(losesAll).map(nodeOf))
        : NOBODY;
    for (const [node, presence] of conditionOf(matrix.settled, signature.find).present) {
      if (explained.has(node)) continue;
      const left = signature.explains.length === 0 ? [] : without(cells, findings);
      const own = explainedCells(matrix, left, { cause, node, presence, signature });
      const finding = ofCondition(matrix, cause, { node, presence, cells: own });
      const at = findings.findIndex((earlier) => isPartOf(finding, earlier));
      const whole = findings[at];
      if (whole === undefined) findings.push(finding);
      else findings[at] = withPart(whole, finding);
    }
  }
  return findings;
}

/** Whether the same nodes, or this one, are in a state of which the later one is a part. */
function isPartOf({ cause, subject = '', beside = [] }: Finding, earlier: Finding): boolean {
  if (CAUSE_RULES[earlier.cause].includes?.includes(cause) !== true) return false;
  const isOfBoth =
    earlier.beside?.includes(subject) === true && beside.includes(earlier.subject ?? '');
  return earlier.subject === subject || isOfBoth;
}

function withPart(whole: Finding, { cause, cells, observers, evidence = [] }: Finding): Finding {
  const all = new Set([...whole.observers, ...observers]);
  all.delete(whole.subject ?? '');
  return {
    ...whole,
    otherCauses: [...new Set([...whole.otherCauses, cause])],
    observers: [...all],
    cells: [...whole.cells, ...cells],
    evidence: [...(whole.evidence ?? []), ...evidence],
  };
}

const NOBODY: ReadonlySet<string> = new Set();

function losesAll({ cause, severity }: Finding): boolean {
  const { harm } = CAUSE_RULES[cause];
  return severity === 'critical' && (harm === 'unreachable' || harm === 'misdirected');
}

/**
 * The cells of the node and of those beside it in which one of the tables is wrong. What an observer that lost
 * most of its row holds of them shows that loss.
 */
function explainedCells(
  matrix: Matrix,
  cells: readonly Cell[],
  {
    cause,
    node,
    presence: { beside, isOfRow },
    signature: { explains, explainsBeside = explains },
  }: {
    readonly cause: Cause;
    readonly node: string;
    readonly presence: Presence;
    readonly signature: Extract<Signature, { kind: 'node' }>;
  },
): readonly Cell[] {
  if (cells.length === 0) return [];
  const others = new Set(beside);
  const { damagesOwnRow } = CAUSE_RULES[cause];
  const isOfSubject = ({ observer, subject }: Cell): boolean =>
    subject === node || (damagesOwnRow === true && observer === node);
  const isOwn = (cell: Cell): boolean => {
    const { observer, subject, state } = cell;
    const isWrongIn = (tables: readonly Table[]): boolean =>
      tables.some((table) => isWrong(state[table]));
    if (isOfRow === true && observer !== node) return false;
    return (
      (isOfSubject(cell) && isWrongIn(explains)) ||
      (others.has(subject) && isWrongIn(explainsBeside))
    );
  };
  const rows = groupBy(cells, ({ observer }) => observer);
  return cells.filter((cell) => {
    if (!isOwn(cell)) return false;
    const row = rows.get(cell.observer) ?? [];
    return row.every(isOwn) || !isMostOfRow(matrix, cell.observer, row);
  });
}

/**
 * A drifted device flushes its host's own neighbour entries: that row is part of the drift. Without an
 * annotation the flushed row, beside a column in which the MAC is wrong, shows that the device changed.
 */
function drifted(matrix: Matrix, cells: readonly Cell[]): readonly Finding[] {
  const rows = groupBy(cells, ({ observer }) => observer);
  const columns = [...groupBy(cells, ({ subject }) => subject)].filter(([subject, column]) => {
    const truth = matrix.subjects.get(subject);
    if (truth !== 'unknown') return truth === 'differs';
    const own = rows.get(subject) ?? [];
    return column.length * 2 >= peersOf(matrix, subject) && hasLostNeighbours(matrix, subject, own);
  });
  // What an observer that lost most of its row holds of the subject shows that loss, and no drift.
  const poor = new Set(
    [...rows].filter(([observer, row]) => isMostOfRow(matrix, observer, row)).map(([name]) => name),
  );
  const drifts = columns
    .map(([subject, column]) => ({
      subject,
      column: column.filter((cell) => !poor.has(cell.observer) || showsDrift(matrix, cell)),
    }))
    .filter(({ column }) => column.length > 0)
    .map(({ subject, column }) =>
      findingOfLine(matrix, { scope: 'subject', subject, cells: column }),
    )
    .filter(({ cause }) => CAUSE_RULES[cause].damagesOwnRow);
  // Of two drifted nodes, each is in the other's column. A cell belongs to one finding only.
  const ownRows = groupBy(without(cells, drifts), ({ observer }) => observer);
  return drifts.map((finding) => ({
    ...finding,
    cells: [...finding.cells, ...(ownRows.get(finding.name) ?? [])],
  }));
}

function showsDrift(matrix: Matrix, cell: Cell): boolean {
  return CAUSE_RULES[recogniseCells(matrix, [cell]).cause].damagesOwnRow === true;
}

function isMostOfRow(matrix: Matrix, observer: string, row: readonly Cell[]): boolean {
  return row.length * 2 > subjectsOf(matrix, observer) || isSampled(matrix, observer);
}

/** Whether a host lost its neighbour entries and nothing else; flannel may have set a few of them again. */
function hasLostNeighbours(matrix: Matrix, observer: string, row: readonly Cell[]): boolean {
  return (
    isMostOfRow(matrix, observer, row) &&
    row.length > 0 &&
    inCommon(row, 'neighbour') === 'absent' &&
    inCommon(row, 'fdb') !== 'absent' &&
    inCommon(row, 'route') !== 'absent'
  );
}

/** Two groups of nodes that hold no entries for each other are one fault, whatever caused it. */
function partitioned(matrix: Matrix, cells: readonly Cell[]): readonly Finding[] {
  const unheld = new Map([...matrix.rows].map(([observer, row]) => [observer, row.unheld]));
  const sides = sidesOf(unheld);
  if (sides === undefined) return [];
  const observers = [...unheld].filter(([, lost]) => lost.size > 0).map(([observer]) => observer);
  const isOnOneSide = sameSideOf([new Set(sides.one), new Set(sides.other)]);
  return causesOfKind('sides').map((cause) => ({
    scope: 'cluster',
    cause,
    otherCauses: [],
    severity: CAUSE_TABLE[cause].severity,
    name: cause,
    subject: undefined,
    observers,
    cells: cells.filter(
      (cell) => unheld.get(cell.observer)?.has(cell.subject) && !isOnOneSide(cell),
    ),
    checkedPeers: matrix.rows.size,
    missingPeers: observers.length,
  }));
}

/** Whether observer and subject are on one side: what is lost between them is another fault. */
function sameSideOf(sides: readonly ReadonlySet<string>[]): (cell: Cell) => boolean {
  return ({ observer, subject }) => sides.some((side) => side.has(observer) && side.has(subject));
}

/** Observers that lost the same tables for every checked subject that no earlier finding has in their row. */
function wholeRows(
  matrix: Matrix,
  cells: readonly Cell[],
  earlier: readonly Finding[],
): readonly Finding[] {
  const explained = new Set(earlier.map(({ name }) => name));
  const others = groupBy(
    earlier.flatMap((finding) => finding.cells),
    ({ observer }) => observer,
  );
  const findings = [...groupBy(cells, ({ observer }) => observer)].map(([observer, row]) => {
    const checked = subjectsOf(matrix, observer);
    const isSample = isSampled(matrix, observer);
    if (isSample && explained.has(observer)) return undefined;
    // With one subject, row and column are one cell: that is a pair.
    const all = row.length + (others.get(observer)?.length ?? 0);
    const isWhole = isSample || (all >= checked && isMostOfRow(matrix, observer, row));
    if (!isWhole || checked < 2) return undefined;
    const common = recogniseWhole(row);
    const recognised = isSample ? (common ?? recogniseCells(matrix, row)) : common;
    return recognised && ofObserver(matrix, { observer, cells: row }, recognised);
  });
  return findings.filter((finding) => finding !== undefined);
}

/** A row in which nothing but direct routes is lost says nothing of the overlay's tables. */
function recogniseWhole(row: readonly Cell[]): Recognised | undefined {
  if (row.every(({ way }) => way === 'direct')) return undefined;
  return recogniseRow(CANDIDATES, commonOf(row));
}

/**
 * Adds to rows that are lost as a whole what else is wrong in some of their cells. Where another finding is of
 * that subject, it reports that.
 */
function withWhatElse(
  matrix: Matrix,
  rows: readonly Finding[],
  others: readonly Finding[],
): readonly Finding[] {
  const reported = new Set(others.flatMap(({ subject }) => subject ?? []));
  return rows.map((finding) => {
    const common = commonOf(finding.cells);
    const left = finding.cells
      .filter(({ subject }) => !reported.has(subject))
      .map((cell) => ({ ...cell, state: besideCommon(cell.state, common) }))
      .filter(isBroken);
    if (left.length === 0) return finding;
    const { cause, otherCauses } = recogniseCells(matrix, left);
    return {
      ...finding,
      otherCauses: [...new Set([...finding.otherCauses, cause, ...otherCauses])],
    };
  });
}

/** What the row of a host would be called if all of it were lost as these cells are. */
export function rowCauseOf(cells: readonly Cell[]): Cause | undefined {
  return cells.length === 0 ? undefined : recogniseWhole(cells)?.cause;
}

function commonOf(row: readonly Cell[]): CellState {
  return {
    neighbour: inCommon(row, 'neighbour'),
    fdb: inCommon(row, 'fdb'),
    route: inCommon(row, 'route'),
  };
}

/** A cell without what the whole row lost. */
function besideCommon({ neighbour, fdb, route }: CellState, common: CellState): CellState {
  return {
    neighbour: common.neighbour === 'absent' ? 'right' : neighbour,
    fdb: common.fdb === 'absent' ? 'right' : fdb,
    route: common.route === 'absent' ? 'right' : route,
  };
}

function inCommon(row: readonly Cell[], table: Table): Held {
  const states = new Set(row.map(({ state }) => state[table]));
  if (states.size === 1 && states.has('absent')) return 'absent';
  return states.has('unknown') ? 'unknown' : 'right';
}

function findingOfLine(matrix: Matrix, line: Line): Finding {
  const recognised = recogniseCells(matrix, line.cells);
  switch (line.scope) {
    case 'subject':
      return ofSubject(matrix, line, recognised);
    case 'observer':
      return ofObserver(matrix, line, recognised);
    case 'pair':
      return ofPair(matrix, line.cells, recognised);
  }
}

/** Every cell in which something is wrong has a cause. */
const NO_MATCH: Recognised = { cause: UNMATCHED, otherCauses: [] };

/** The cause of most cells, and beside it those of the others. */
function recogniseCells(matrix: Matrix, cells: readonly Cell[]): Recognised {
  const recognised = cells.map(
    (cell) => recogniseCell(cell, matrix.subjects.get(cell.subject) ?? 'unknown') ?? NO_MATCH,
  );
  const byCause = [...groupBy(recognised, ({ cause }) => cause)].toSorted(
    ([, one], [, two]) => two.length - one.length,
  );
  const [main] = byCause;
  const { cause } = main?.[1][0] ?? NO_MATCH;
  const others = new Set(recognised.flatMap((one) => [one.cause, ...one.otherCauses]));
  others.delete(cause);
  return { cause, otherCauses: [...others] };
}

/**
 * One subject, observer or pair is one finding, although some of its cells are lost and others will
 * only age out. The first of them is the worst, and gives the finding its cause.
 */
function foldTogether(findings: readonly Finding[]): readonly Finding[] {
  const alike = groupBy(findings, ({ scope, name }) => `${scope}/${name}`);
  return [...alike.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            otherCauses: [...new Set([...first.otherCauses, ...others.map(({ cause }) => cause)])],
            cells: [...first.cells, ...others.flatMap(({ cells }) => cells)],
          },
        ],
  );
}

/**
 * A state because of which others lack the entries of its node is one finding with that loss. Where most lack
 * all that they lose by it, it gives the finding its cause; otherwise it is a part of it.
 */
function withPartsOfLoss(findings: readonly Finding[]): readonly Finding[] {
  const parts = groupBy(findings.filter(losesEntries), ({ subject }) => subject ?? '');
  if (parts.size === 0) return findings;
  const isLoss = ({ scope, cause, subject }: Finding): boolean =>
    scope === 'subject' &&
    CAUSE_RULES[cause].fix.unannounced === 'subject' &&
    parts.has(subject ?? '');
  const lost = new Set(findings.filter(isLoss).map(({ subject }) => subject));
  return findings.flatMap((finding): readonly Finding[] => {
    if (losesEntries(finding) && lost.has(finding.subject)) return [];
    if (!isLoss(finding)) return [finding];
    const own = parts.get(finding.subject ?? '') ?? [];
    const evidence = own.flatMap((part) => part.evidence ?? []);
    const main = finding.severity === 'critical' ? own.find(isReasonOf(finding)) : undefined;
    const { cause } = main ?? finding;
    const otherCauses = new Set([
      finding.cause,
      ...finding.otherCauses,
      ...own.map((part) => part.cause),
    ]);
    otherCauses.delete(cause);
    return [{ ...finding, cause, otherCauses: [...otherCauses], evidence }];
  });
}

function losesEntries({ cause }: Finding): boolean {
  return CAUSE_RULES[cause].losesAs !== undefined;
}

/** Whether a state is why other nodes have lost its node in this way. */
function isReasonOf(loss: Finding): (state: Finding) => boolean {
  return ({ cause }) => CAUSE_RULES[cause].losesAs?.includes(loss.cause) === true;
}

/**
 * Where most of the checked peers send a subject's packets elsewhere than its own device and earlier runs
 * have it, and no node list shows which is right, nobody is accused: its annotation may have changed, or
 * its peers may be wrong. All such subjects are one finding of the cluster.
 */
function accuseNobody(matrix: Matrix, findings: readonly Finding[]): readonly Finding[] {
  const undecided = findings.filter(
    ({ scope, cause, subject, missingPeers, checkedPeers }) =>
      scope === 'subject' &&
      CAUSE_RULES[cause].contradicts === 'underlay' &&
      matrix.unlistedUnderlays.has(subject ?? '') &&
      missingPeers * 2 > checkedPeers,
  );
  const [first] = undecided;
  if (first === undefined) return findings;
  const others = findings.filter((finding) => !undecided.includes(finding));
  return [{ ...ofCluster(matrix, first.cause, undecided), isUndecided: true }, ...others];
}

/** The same fault on more than half of the nodes is the cluster's: one finding, and one page. */
function joinClusterWide(matrix: Matrix, findings: readonly Finding[]): readonly Finding[] {
  return [...groupBy(findings, ({ cause }) => cause)].flatMap(([, alike]) => {
    const [first] = alike;
    return first !== undefined && isClusterWide(first.cause, alike.length, matrix)
      ? [ofCluster(matrix, first.cause, alike)]
      : alike;
  });
}
