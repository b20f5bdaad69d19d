import { type Cause, CAUSE_TABLE, type Scope, type Severity } from '../../contract/causes.ts';
import type { Cell } from '../matrix/cells.ts';
import type { Presence } from '../matrix/conditions.ts';
import { type Matrix, peersOf, subjectsOf } from '../matrix/matrix.ts';
import { CAUSE_RULES, conditionSignature, isKind } from './causes.ts';
import type { Recognised } from './signatures.ts';

/** Bad cells with one explanation. */
export interface Finding {
  readonly scope: Scope;
  readonly cause: Cause;
  readonly otherCauses: readonly Cause[];
  readonly severity: Severity;
  /**
   * The last part of the key: a node, `observer:subject` for a pair, the cause for a cluster. Of a state of
   * a node `node/cause`, or `node/control-plane`, since entries for that node may be wrong besides.
   */
  readonly name: string;
  /** The node that its peers have lost, where there is one such node. */
  readonly subject: string | undefined;
  readonly observers: readonly string[];
  readonly cells: readonly Cell[];
  /** Nodes that were checked, and those of them for which something is wrong. */
  readonly checkedPeers: number;
  readonly missingPeers: number;
  /** Nodes contradict each other, and nobody knows which is right. */
  readonly isUndecided?: true;
  /** No list has the subject, and what its peers show is what they show of a node that is leaving. */
  readonly mayBeLeaving?: true;
  /** What else shows it, one line a fact. */
  readonly evidence?: readonly string[];
  /** What its node shows once it is over. */
  readonly check?: Presence['check'];
  /** The nodes that contradict its node. */
  readonly beside?: Presence['beside'];
  /** What ends it on its node's host. */
  readonly removals?: Presence['removals'];
  /** Of packets that are lost although all tables are right: which, where it is not all of them. */
  readonly loss?: Presence['loss'];
  readonly lossAt?: Presence['lossAt'];
  /** How long the API server took; of several, the slowest. */
  readonly response?: Presence['response'];
  /** Of several findings that were joined: these. */
  readonly parts?: readonly Finding[];
}

/** A column: what peers hold of one subject. */
export function ofSubject(
  matrix: Matrix,
  { subject, cells }: { readonly subject: string; readonly cells: readonly Cell[] },
  recognised: Recognised,
): Finding {
  const checkedPeers = peersOf(matrix, subject);
  return {
    scope: 'subject',
    ...recognised,
    severity: severityOf(recognised.cause, cells.length, checkedPeers),
    name: subject,
    subject,
    observers: cells.map(({ observer }) => observer),
    cells,
    checkedPeers,
    missingPeers: cells.length,
    ...(matrix.unlisted.all.has(subject) && CAUSE_RULES[recognised.cause].isLikeLeaving === true
      ? MAY_BE_LEAVING
      : {}),
  };
}

const UNDECIDED = { isUndecided: true } as const;

const MAY_BE_LEAVING = { mayBeLeaving: true } as const;

/** A state of a node itself, with the cells that it explains. */
export function ofCondition(
  matrix: Matrix,
  cause: Cause,
  {
    node,
    presence,
    cells,
  }: { readonly node: string; readonly presence: Presence; readonly cells: readonly Cell[] },
): Finding {
  const checkedPeers = presence.checked ?? peersOf(matrix, node);
  const observers = new Set([...presence.beside, ...cells.map(({ observer }) => observer)]);
  observers.delete(node);
  return {
    scope: 'subject',
    cause,
    otherCauses: [],
    severity: presence.severity ?? CAUSE_TABLE[cause].severity,
    name: `${node}/${conditionSignature(cause)?.name ?? cause}`,
    subject: node,
    observers: [...observers],
    cells,
    checkedPeers,
    missingPeers: Math.min(presence.affected ?? checkedPeers, checkedPeers),
    evidence: presence.evidence,
    ...(presence.beside.length === 0 ? {} : { beside: presence.beside }),
    ...(presence.isUndecided === true ? UNDECIDED : {}),
    ...(presence.check === undefined ? {} : { check: presence.check }),
    ...(presence.removals === undefined ? {} : { removals: presence.removals }),
    ...(presence.loss === undefined ? {} : { loss: presence.loss }),
    ...(presence.lossAt === undefined ? {} : { lossAt: presence.lossAt }),
    ...(presence.response === undefined ? {} : { response: presence.response }),
  };
}

/** A row, whole or in part: what one observer holds of its peers. */
export function ofObserver(
  matrix: Matrix,
  { observer, cells }: { readonly observer: string; readonly cells: readonly Cell[] },
  recognised: Recognised,
): Finding {
  const checkedPeers = subjectsOf(matrix, observer);
  const isWhole = isKind(recognised.cause, 'device') || isSampled(matrix, observer);
  const missingPeers = isWhole ? checkedPeers : cells.length;
  return {
    scope: 'observer',
    ...recognised,
    severity: severityOf(recognised.cause, missingPeers, checkedPeers),
    name: observer,
    subject: undefined,
    observers: [observer],
    cells,
    checkedPeers,
    missingPeers,
  };
}

/** Whether an observer's cells only stand for its whole row. */
export function isSampled({ rows }: Matrix, observer: string): boolean {
  return (rows.get(observer)?.lost.size ?? 0) > 0;
}

/** One cell: what one observer holds of one subject. */
export function ofPair(matrix: Matrix, cells: readonly Cell[], recognised: Recognised): Finding {
  const [cell] = cells;
  const subject = cell?.subject ?? '';
  const observer = cell?.observer ?? '';
  const checkedPeers = peersOf(matrix, subject);
  return {
    scope: 'pair',
    ...recognised,
    severity: severityOf(recognised.cause, cells.length, checkedPeers),
    name: `${observer}:${subject}`,
    subject,
    observers: [observer],
    cells,
    checkedPeers,
    missingPeers: cells.length,
  };
}

/** Several findings of one cause as one finding of the cluster. */
export function ofCluster(matrix: Matrix, cause: Cause, parts: readonly Finding[]): Finding {
  const joined = join(cause, parts);
  return {
    ...joined,
    scope: 'cluster',
    name: cause,
    checkedPeers: matrix.rows.size,
    missingPeers: isKind(cause, 'node') ? accusedIn(joined).length : joined.observers.length,
    // That nothing arrives at any of them is that nothing is carried between them.
    ...(CAUSE_RULES[cause].isOfPackets === true && joined.lossAt !== 'between-zones'
      ? { lossAt: 'everywhere' }
      : {}),
  };
}

/**
 * Whether a cause of so many nodes is the cluster's fault: it is on more than half of them, or, as a state of
 * nodes, on half.
 */
export function isClusterWide(cause: Cause, count: number, { nodes }: Matrix): boolean {
  return isKind(cause, 'node')
    ? count >= 2 && count * 2 >= nodes.length
    : count >= 3 && count * 2 > nodes.length;
}

/** Whether the nodes of a group are those that others lost, or those that lost others. */
export type Accused = 'subjects' | 'observers';

/** Several subjects, or several observers, with one cause as one finding. */
export function ofGroup(
  matrix: Matrix,
  { cause, accused }: { readonly cause: Cause; readonly accused: Accused },
  parts: readonly Finding[],
): Finding {
  const joined = join(cause, parts);
  const isOfSubjects = accused === 'subjects';
  return {
    ...joined,
    scope: 'group',
    name: isOfSubjects ? cause : `${cause}/observers`,
    checkedPeers: isOfSubjects ? matrix.subjects.size : matrix.rows.size,
    missingPeers: isOfSubjects ? accusedIn(joined).length : joined.observers.length,
  };
}

function join(cause: Cause, parts: readonly Finding[]) {
  const otherCauses = new Set(parts.flatMap((part) => [part.cause, ...part.otherCauses]));
  otherCauses.delete(cause);
  return {
    cause,
    otherCauses: [...otherCauses],
    severity: parts.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    subject: undefined,
    observers: [...new Set(parts.flatMap(({ observers }) => observers))],
    cells: parts.flatMap(({ cells }) => cells),
    ...(parts.some(({ mayBeLeaving }) => mayBeLeaving === true) ? MAY_BE_LEAVING : {}),
    // A command for all of them would be one for those of whom nobody knows it, too.
    ...(parts.some(({ isUndecided }) => isUndecided === true) ? UNDECIDED : {}),
    ...evidenceOf(parts),
    ...commonLossOf(parts),
    ...slowestOf(parts),
    parts,
  } as const;
}

/** How many lines of evidence joined findings keep. */
const EVIDENCE = 20;

function evidenceOf(parts: readonly Finding[]): Pick<Finding, 'evidence'> {
  const evidence = parts.flatMap((part) => part.evidence ?? []).slice(0, EVIDENCE);
  return evidence.length === 0 ? {} : { evidence };
}

function commonLossOf(parts: readonly Finding[]): Pick<Finding, 'loss' | 'lossAt'> {
  const loss = commonIn(parts.map((part) => part.loss));
  const lossAt = commonIn(parts.map((part) => part.lossAt));
  return { ...(loss === undefined ? {} : { loss }), ...(lossAt === undefined ? {} : { lossAt }) };
}

function commonIn<T>(values: readonly T[]): T | undefined {
  const [first, ...others] = new Set(values);
  return others.length > 0 ? undefined : first;
}

function slowestOf(parts: readonly Finding[]): Pick<Finding, 'response'> {
  const [response] = parts
    .flatMap((part) => part.response ?? [])
    .toSorted((one, two) => two.seconds - one.seconds);
  return response === undefined ? {} : { response };
}

/** The node that a finding is about, where it is about one. */
export function nodeOf({ subject, name }: Pick<Finding, 'subject' | 'name'>): string {
  return subject ?? name;
}

/** The findings of which one is made that are states of nodes themselves. */
export function conditionsIn(finding: Finding): readonly Finding[] {
  return (finding.parts ?? [finding]).filter(
    ({ cause, subject }) => isKind(cause, 'node') && subject !== undefined,
  );
}

/** The nodes that others lost, where a finding is about such nodes. */
export function accusedIn({
  subject,
  cells,
  parts,
}: Pick<Finding, 'subject' | 'cells' | 'parts'>): readonly string[] {
  if (subject !== undefined) return [subject];
  if (parts === undefined) return [];
  return [
    ...new Set(
      parts.some((part) => part.subject === undefined)
        ? cells.map((cell) => cell.subject)
        : parts.flatMap((part) => part.subject ?? []),
    ),
  ];
}

/** A node that is cut off from half of its checked peers or more is the worst of its cause. */
function severityOf(cause: Cause, missing: number, checked: number): Severity {
  return missing * 2 >= checked ? CAUSE_TABLE[cause].severity : 'warning';
}
