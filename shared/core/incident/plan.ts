import { type Cause, CAUSE_TABLE } from '../../contract/causes.ts';
import type { Limits } from '../../contract/settings.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import {
  type Accused,
  type Finding,
  ofCluster,
  ofGroup,
  ofObserver,
  ofPair,
  ofSubject,
} from '../diagnose/finding.ts';
import { groupBy } from '../group.ts';
import { type Cell, isWrong } from '../matrix/cells.ts';
import type { Matrix } from '../matrix/matrix.ts';
import { coverOf, observersOf, sizeOf, subjectsOf } from './footprint.ts';
import { type Incident, isOpen, isWide, JOIN_RUNS } from './incident.ts';

/** What a run sees of one fault, and which incident it is. */
export type Plan =
  /** What belongs to an open incident. */
  | { readonly kind: 'own'; readonly incident: Incident; readonly finding: Finding }
  /** Nodes that join an open incident once a second look confirms them. */
  | {
      readonly kind: 'join';
      readonly incident: Incident;
      readonly finding: Finding;
      readonly parts: readonly FreshFinding[];
    }
  /** What belongs to no open incident. */
  | { readonly kind: 'fresh'; readonly finding: Finding; readonly parts: readonly FreshFinding[] };

/** A finding of no open incident. */
export interface FreshFinding {
  readonly finding: Finding;
  /** The suspicion that an earlier run had of it. */
  readonly suspicion: Incident | undefined;
}

/** What the plans of one run are made of. */
export interface Planning {
  readonly now: number;
  readonly limits: Limits;
  readonly matrix: Matrix;
}

/**
 * Finds the incident of every finding. Cells within the footprint of a cluster-wide incident, or of a
 * group, are its own, whatever their cause. Of the others, one with the same scope and name is the same
 * incident, and a fault that has grown or shrunk over the same cells is, too. What is left joins an
 * incident that is still growing, forms a group, or is on its own.
 */
export function plansOf(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  planning: Planning,
): readonly Plan[] {
  const { matrix } = planning;
  const open = incidents.filter(isOpen).toSorted((one, two) => one.since - two.since);
  const owned = new Map<Incident, Finding[]>();
  const own = (incident: Incident, finding: Finding): void => {
    const known = owned.get(incident);
    if (known === undefined) owned.set(incident, [finding]);
    else known.push(finding);
  };
  // Where nobody is accused, no part may accuse anybody.
  const parts = findings.flatMap((finding) =>
    finding.isUndecided === true ? [finding] : (finding.parts ?? [finding]),
  );
  const outside = withoutWide(open.filter(isWide), parts, { matrix, own });
  const others = withoutNamed(open, outside, own);
  const fresh = withoutOverlapping(open, others, { matrix, own });
  const plans = [...owned].map(([incident, some]) => ({
    kind: 'own' as const,
    incident,
    finding: combined(incident, some, matrix),
  }));
  return [...plans, ...freshPlans(open, withSuspicions(incidents, fresh), { ...planning, plans })];
}

type Own = (incident: Incident, finding: Finding) => void;

/** Gives cells within the footprint of a wide incident to it, and returns what is left. */
function withoutWide(
  wide: readonly Incident[],
  parts: readonly Finding[],
  { matrix, own }: { readonly matrix: Matrix; readonly own: Own },
): readonly Finding[] {
  return wide.reduce<readonly Finding[]>((left, incident) => {
    const covers = coverOf(incident.footprint);
    const { tables } = incident.footprint;
    // A cell whose other tables are wrong now has been repaired, and is another fault.
    const isWithin = (cell: Cell): boolean =>
      covers(cell) && tables.some((table) => isWrong(cell.state[table]));
    const isMember = memberOf(incident);
    return left.flatMap((part) => {
      if (isMember(part)) return give(part);
      if (isAnother(part, incident)) return [part];
      const column = columnOf(part);
      const inside = new Set(column.filter(isWithin));
      if (inside.size === 0) return [part];
      if (inside.size === column.length) return give(part);
      if (part.scope === 'cluster') return inside.size * 2 >= column.length ? give(part) : [part];
      own(incident, reduced(part, [...inside], matrix));
      return [
        reduced(
          part,
          part.cells.filter((cell) => !inside.has(cell)),
          matrix,
        ),
      ];
    });
    function give(part: Finding): readonly Finding[] {
      own(incident, part);
      return [];
    }
  }, parts);
}

/** A group keeps its own nodes whole. What only the whole cluster shows is one fault with what it becomes. */
function memberOf(incident: Incident): (part: Finding) => boolean {
  const { scope, accused, footprint, reported } = incident;
  if (scope === 'cluster') {
    return ({ scope: other, cause }) => other === 'cluster' && cause === reported.cause;
  }
  const names = new Set(accused === 'observers' ? observersOf(footprint) : subjectsOf(footprint));
  const wanted = accused === 'observers' ? 'observer' : 'subject';
  return ({ scope: other, name, cause }) =>
    other === wanted && cause === reported.cause && names.has(name);
}

/** What no open incident of this cause explains, wherever its cells are. */
function isAnother(finding: Finding, incident: Incident): boolean {
  const [{ cause }, { cause: open }] = [finding, incident.reported];
  return wakesMore(cause, open) || (isKind(cause, 'device') && !isKind(open, 'device'));
}

/** An incident that wakes nobody must not hide one that does. */
function wakesMore(cause: Cause, open: Cause): boolean {
  return CAUSE_TABLE[cause].pages && !CAUSE_TABLE[open].pages;
}

/** A host that lost all others is not reported by an update of a node that was paged as critical before. */
function crosses({ scope, severity, cause }: Finding, incident: Incident): boolean {
  return (
    scope === 'observer' &&
    severity === 'critical' &&
    incident.scope === 'subject' &&
    incident.paged === 'critical' &&
    cause !== incident.reported.cause
  );
}

/** A finding of some of its cells. */
function reduced(part: Finding, cells: readonly Cell[], matrix: Matrix): Finding {
  if (cells.length === part.cells.length) return part;
  const { cause, otherCauses, name } = part;
  switch (part.scope) {
    case 'subject': {
      const column = cells.filter(({ subject }) => subject === name);
      return {
        ...ofSubject(matrix, { subject: name, cells: column }, { cause, otherCauses }),
        cells,
      };
    }
    case 'observer':
      return cells.length === 1
        ? ofPair(matrix, cells, { cause, otherCauses })
        : ofObserver(matrix, { observer: name, cells }, { cause, otherCauses });
    case 'pair':
    case 'group':
    case 'cluster':
      return { ...part, cells, observers: [...new Set(cells.map(({ observer }) => observer))] };
  }
}

/** Gives findings to the incidents of the same scope and name, and returns the others. */
function withoutNamed(
  open: readonly Incident[],
  findings: readonly Finding[],
  own: Own,
): readonly Finding[] {
  const byName = new Map(
    open.filter((one) => !isWide(one)).map((one) => [`${one.scope}/${one.name}`, one]),
  );
  return findings.filter((finding) => {
    const incident = byName.get(`${finding.scope}/${finding.name}`);
    if (incident !== undefined) own(incident, finding);
    return incident === undefined;
  });
}

/**
 * Gives a finding to the open incident of which most of it is a part, and returns the others. A finding
 * that is larger is the same fault, grown, where it is wrong in the same way; else it is another fault.
 */
function withoutOverlapping(
  open: readonly Incident[],
  findings: readonly Finding[],
  { matrix, own }: { readonly matrix: Matrix; readonly own: Own },
): readonly Finding[] {
  const narrow = open.filter((one) => !isWide(one));
  const sharedWith = sharesOf(narrow);
  return findings.filter((finding) => {
    const drift = narrow.find((incident) => isRowOfDrift(incident, finding));
    if (drift !== undefined) {
      own(drift, finding);
      return false;
    }
    const column = columnOf(finding);
    const shares =
      finding.scope === 'cluster'
        ? []
        : sharedWith({ ...finding, cells: column }).filter(
            ({ incident }) =>
              !wakesMore(finding.cause, incident.reported.cause) && !crosses(finding, incident),
          );
    const inside = new Set(shares.flatMap(({ cells }) => cells)).size;
    if (shares.length > 0 && inside * 2 >= column.length) {
      for (const { incident, cells } of distributed(finding, shares)) {
        own(incident, reduced(finding, cells, matrix));
      }
      return false;
    }
    const grown = shares.find(
      ({ incident, cells }) =>
        cells.length * 2 >= sizeOf(incident.footprint) && hasGrown(incident, finding),
    );
    if (grown !== undefined) own(grown.incident, finding);
    return grown === undefined;
  });
}

/** Each cell with the oldest incident that has it, and those that none has with the largest of them. */
function distributed(finding: Finding, shares: readonly Share[]): readonly Share[] {
  const left = new Set(finding.cells);
  const parts = shares.map(({ incident, cells }) => {
    const mine = cells.filter((cell) => left.has(cell));
    for (const cell of mine) left.delete(cell);
    return { incident, cells: mine };
  });
  const [largest, ...others] = parts.toSorted((one, two) => two.cells.length - one.cells.length);
  if (largest === undefined) return [];
  return [
    { incident: largest.incident, cells: [...largest.cells, ...left] },
    ...others.filter(({ cells }) => cells.length > 0),
  ];
}

/** What a drifted subject's own row has lost goes where its column goes. */
function columnOf({ subject, cells }: Finding): readonly Cell[] {
  return cells.filter((cell) => (subject ?? cell.subject) === cell.subject);
}

/** Whether it is what a drifted device has flushed on its own host, and that is not whole any more. */
function isRowOfDrift({ reported }: Incident, { scope, observers, cells }: Finding): boolean {
  const { cause, subject } = reported;
  const [observer, ...others] = observers;
  return (
    CAUSE_RULES[cause].damagesOwnRow === true &&
    scope !== 'subject' &&
    observer === subject &&
    others.length === 0 &&
    cells.every(({ state }) => !isWrong(state.fdb) && !isWrong(state.route))
  );
}

/** Whether most of the cells that an incident did not have before look as those that it had. */
function hasGrown({ reported, footprint }: Incident, { cause, cells }: Finding): boolean {
  if (cause === reported.cause) return true;
  const covers = coverOf(footprint);
  const known = new Set(cells.filter(covers).map(stateText));
  const added = cells.filter((cell) => !covers(cell));
  return added.filter((cell) => known.has(stateText(cell))).length * 2 > added.length;
}

function stateText({ state }: Cell): string {
  return `${state.neighbour} ${state.fdb} ${state.route}`;
}

interface Share {
  readonly incident: Incident;
  /** The finding's cells that are within the incident's footprint. */
  readonly cells: readonly Cell[];
}

/** Which incidents share cells with a finding, in the given order. */
function sharesOf(incidents: readonly Incident[]): (finding: Finding) => readonly Share[] {
  const known = incidents.map((incident) => ({ incident, covers: coverOf(incident.footprint) }));
  const byObserver = groupBy(
    known.flatMap((one) =>
      observersOf(one.incident.footprint).map((observer) => ({ observer, one })),
    ),
    ({ observer }) => observer,
  );
  return ({ cells, observers }) => {
    const shared = new Map<Incident, Cell[]>();
    for (const cell of cells) {
      for (const { one } of byObserver.get(cell.observer) ?? []) {
        if (!one.covers(cell)) continue;
        const others = shared.get(one.incident);
        if (others === undefined) shared.set(one.incident, [cell]);
        else others.push(cell);
      }
    }
    // Of a host without a device no cell may be known.
    const [only, ...more] = cells.length === 0 ? observers : [];
    for (const { one } of more.length === 0 ? (byObserver.get(only ?? '') ?? []) : []) {
      if (observersOf(one.incident.footprint).length === 1) shared.set(one.incident, []);
    }
    return incidents.flatMap((incident) => {
      const own = shared.get(incident);
      return own === undefined ? [] : [{ incident, cells: own }];
    });
  };
}

/** All that a run sees of one incident. */
function combined(incident: Incident, parts: readonly Finding[], matrix: Matrix): Finding {
  const { scope, accused, reported } = incident;
  const isNamed = (part: Finding): number => Number(part.name === incident.name);
  const [first, ...others] = parts.toSorted(
    (one, two) => isNamed(two) - isNamed(one) || two.cells.length - one.cells.length,
  );
  if (first === undefined) throw new Error('an incident owns nothing');
  if (scope === 'group') {
    return ofGroup(matrix, { cause: reported.cause, accused: accused ?? 'observers' }, parts);
  }
  if (scope === 'cluster') {
    if (others.length === 0 && first.scope === 'cluster') return first;
    const whole = ofCluster(matrix, reported.cause, parts);
    return parts.some(({ isUndecided }) => isUndecided === true)
      ? { ...whole, isUndecided: true }
      : whole;
  }
  if (others.length === 0) return first;
  const cells = parts.flatMap((part) => part.cells);
  const otherCauses = new Set(parts.flatMap((part) => [part.cause, ...part.otherCauses]));
  otherCauses.delete(first.cause);
  const recognised = { cause: first.cause, otherCauses: [...otherCauses] };
  const [subject, ...moreSubjects] = new Set(cells.map((cell) => cell.subject));
  if (subject !== undefined && moreSubjects.length === 0) {
    return ofSubject(matrix, { subject, cells }, recognised);
  }
  const observers = [...new Set(cells.map((cell) => cell.observer))];
  const [observer, ...moreObservers] = observers;
  if (observer !== undefined && moreObservers.length === 0) {
    return ofObserver(matrix, { observer, cells }, recognised);
  }
  return { ...first, ...recognised, cells, observers };
}

/** The oldest suspicion of each finding: it gives no key, but shows since when the fault is there. */
function withSuspicions(
  incidents: readonly Incident[],
  findings: readonly Finding[],
): readonly FreshFinding[] {
  const suspicions = incidents
    .filter(({ phase }) => phase === 'suspected')
    .toSorted((one, two) => one.since - two.since);
  const byName = new Map(suspicions.map((one) => [`${one.scope}/${one.name}`, one]));
  const sharedWith = sharesOf(suspicions);
  return findings.map((finding) => {
    const named = byName.get(`${finding.scope}/${finding.name}`);
    if (named !== undefined) return { finding, suspicion: named };
    const overlapping = sharedWith(finding).find(
      ({ incident, cells }) =>
        cells.length * 2 >= Math.min(finding.cells.length, sizeOf(incident.footprint)),
    );
    return { finding, suspicion: overlapping?.incident };
  });
}

/** How findings of no open incident are joined. */
interface GroupPlanning extends Planning {
  /** What belongs to open incidents. */
  readonly plans: readonly { readonly incident: Incident; readonly finding: Finding }[];
}

/** So many nodes with one cause are one fault. */
const GROUP = 3;

function freshPlans(
  open: readonly Incident[],
  fresh: readonly FreshFinding[],
  planning: GroupPlanning,
): readonly Plan[] {
  const { matrix } = planning;
  const alone = (one: FreshFinding): Plan => ({
    kind: 'fresh',
    finding: one.finding,
    parts: [one],
  });
  const whole = fresh.filter(({ finding }) => finding.scope === 'cluster');
  const others = fresh.filter(({ finding }) => finding.scope !== 'cluster');
  const byCause = [...groupBy(others, ({ finding }) => finding.cause).values()];
  const plans = byCause.flatMap((alike): readonly Plan[] => {
    const [first] = alike;
    if (first === undefined) return [];
    const { cause } = first.finding;
    const growing = open.filter(
      (one) =>
        one.steadyRuns < JOIN_RUNS && one.reported.cause === cause && !accusesNobody(one, planning),
    );
    const joins = joinsOf(growing, alike, planning);
    const joining = new Set(joins.flatMap(({ parts }) => parts));
    const left = alike.filter((one) => !joining.has(one));
    if (left.length >= GROUP && left.length * 2 > matrix.nodes.length) {
      const findings = left.map(({ finding }) => finding);
      return [
        ...joins,
        { kind: 'fresh', finding: ofCluster(matrix, cause, findings), parts: left },
      ];
    }
    const groups = groupsOf(growing, left, planning);
    const grouped = new Set(groups.flatMap(({ parts }) => parts));
    return [...joins, ...groups, ...left.filter((one) => !grouped.has(one)).map(alone)];
  });
  return [...whole.map(alone), ...plans];
}

/** A fault that is proven does not join what accuses nobody: its fix and its page would be lost. */
function accusesNobody(incident: Incident, { plans }: GroupPlanning): boolean {
  return plans.some((plan) => plan.incident === incident && plan.finding.isUndecided === true);
}

const KINDS = [
  { accused: 'subjects', scope: 'subject' },
  { accused: 'observers', scope: 'observer' },
] as const satisfies readonly { readonly accused: Accused; readonly scope: Finding['scope'] }[];

/** Findings join the newest wide incident of their cause that is still growing. */
function joinsOf(
  growing: readonly Incident[],
  alike: readonly FreshFinding[],
  { matrix }: Planning,
): readonly Extract<Plan, { kind: 'join' }>[] {
  return KINDS.flatMap(({ accused, scope }) => {
    const incident = growing.findLast(
      (one) => one.scope === 'cluster' || (one.scope === 'group' && one.accused === accused),
    );
    const parts = alike.filter(({ finding }) => finding.scope === scope);
    const [first] = parts;
    if (incident === undefined || first === undefined) return [];
    const { cause } = first.finding;
    const findings = parts.map(({ finding }) => finding);
    return [
      { kind: 'join', incident, finding: ofGroup(matrix, { cause, accused }, findings), parts },
    ];
  });
}

/**
 * Three are a group where one of them would page now, and so are fewer with those that were paged a
 * moment ago, or that have got this cause now. Paged ones keep their own incidents.
 */
function groupsOf(
  growing: readonly Incident[],
  alike: readonly FreshFinding[],
  { matrix, plans, ...planning }: GroupPlanning,
): readonly Extract<Plan, { kind: 'fresh' }>[] {
  return KINDS.flatMap(({ accused, scope }) => {
    const parts = alike.filter(({ finding }) => finding.scope === scope);
    const [first] = parts;
    const turned = plans.filter(
      ({ incident, finding }) =>
        finding.cause === first?.finding.cause && incident.reported.cause !== finding.cause,
    );
    const companions = [...growing, ...turned.map(({ incident }) => incident)].filter(
      (one) => one.scope === scope,
    );
    const isDue = parts.some((one) => isDueFresh(one.finding, [one], planning));
    if (first === undefined || !isDue || parts.length + companions.length < GROUP) return [];
    const { cause } = first.finding;
    const findings = parts.map(({ finding }) => finding);
    return [{ kind: 'fresh', finding: ofGroup(matrix, { cause, accused }, findings), parts }];
  });
}

/** Whether the run would page for what belongs to no open incident, if a second look confirms it. */
export function isDueFresh(
  finding: Finding,
  parts: readonly FreshFinding[],
  { now, limits }: Pick<Planning, 'now' | 'limits'>,
): boolean {
  // What pages nobody opens without a second look.
  if (!CAUSE_TABLE[finding.cause].pages) return true;
  const lasted = Math.max(0, now - sinceOf(parts, now)) / 1000;
  return lasted >= CAUSE_RULES[finding.cause].patience(finding, limits);
}

/** When the first part of it was first seen. */
export function sinceOf(parts: readonly FreshFinding[], now: number): number {
  return Math.min(now, ...parts.map(({ suspicion }) => suspicion?.since ?? now));
}
