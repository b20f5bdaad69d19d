import { wakes } from '../../contract/causes.ts';
import { CAUSE_RULES, isKind } from '../diagnose/causes.ts';
import {
  type Finding,
  ofCluster,
  ofGroup,
  ofObserver,
  ofPair,
  ofSubject,
} from '../diagnose/finding.ts';
import { type Cell, isWrong } from '../matrix/cells.ts';
import type { Matrix } from '../matrix/matrix.ts';
import {
  coverOf,
  hasState,
  observersOf,
  remaining,
  sizeOf,
  statefulNodesOf,
  subjectsOf,
} from './footprint.ts';
import { type Incident, isOpen, isWide, ownCellsOf, spanOf } from './incident.ts';
import { type Share, sharesOf } from './shares.ts';
import { isRestOf, withIsolatedNodes } from './torn.ts';

/** What a run sees of the open incidents. */
interface OwnedFindings {
  /** All that it sees of each incident of which it sees anything. */
  readonly owned: ReadonlyMap<Incident, Finding>;
  /** What belongs to no open incident. */
  readonly fresh: readonly Finding[];
}

/**
 * Finds the open incident of every finding. Cells within the footprint of a cluster-wide incident, or of a
 * group, are its own, whatever their cause. Of the others, one with the same scope and name is the same
 * incident, and a fault that has grown or shrunk over the same cells is, too.
 */
export function ownedOf(
  incidents: readonly Incident[],
  findings: readonly Finding[],
  matrix: Matrix,
): OwnedFindings {
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
  return {
    owned: new Map(
      [...owned].map(([incident, some]) => [
        incident,
        withOpenState(incident, combined(incident, some, matrix), matrix),
      ]),
    ),
    fresh,
  };
}

type Own = (incident: Incident, finding: Finding) => void;

/** Gives cells within the footprint of a wide incident to it, and returns what is left. */
function withoutWide(
  wide: readonly Incident[],
  parts: readonly Finding[],
  { matrix, own }: { readonly matrix: Matrix; readonly own: Own },
): readonly Finding[] {
  return wide.reduce<readonly Finding[]>((left, incident) => {
    const { tables } = incident.footprint;
    const covers = coverOf(ownCellsOf(incident));
    // A cell whose other tables are wrong now has been repaired, and is another fault.
    const isWithin = (cell: Cell): boolean =>
      covers(cell) && tables.some((table) => isWrong(cell.state[table]));
    const isMember = memberOf(incident);
    const isState = hasState(incident.footprint);
    return left.flatMap((part) => {
      if (isMember(part) || isState(part)) return give(part);
      if (isAnother(part, incident)) return [part];
      const column = columnOf(part);
      // Of a host without a device no cell may be known.
      const isBare =
        column.length === 0 && part.observers.length > 0 && !isKind(part.cause, 'node');
      if (isBare && part.observers.every((observer) => covers({ observer, subject: '' }))) {
        return give(part);
      }
      const inside = new Set(column.filter(isWithin));
      if (inside.size === 0) return [part];
      if (inside.size === column.length) return give(part);
      // What a host lost of a node that could not be checked before is the same loss of its own tables.
      const isSameRow = isKind(part.cause, 'row') && part.cause === incident.reported.cause;
      const isWhole = part.scope === 'cluster' || isKind(part.cause, 'node') || isSameRow;
      if (isWhole) return inside.size * 2 >= column.length ? give(part) : [part];
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
  const { accused, footprint, reported } = incident;
  if (spanOf(incident) === 'cluster') {
    // Where most nodes lose their packets, a node that joins loses them as well.
    return ({ scope: other, cause }) =>
      cause === reported.cause && (other === 'cluster' || CAUSE_RULES[cause].isOfPackets === true);
  }
  const names = new Set(accused === 'observers' ? observersOf(footprint) : subjectsOf(footprint));
  const wanted = accused === 'observers' ? 'observer' : 'subject';
  return ({ scope: other, name, cause }) =>
    other === wanted && cause === reported.cause && names.has(name);
}

/** What no open incident of this cause explains, wherever its cells are. */
function isAnother(finding: Finding, incident: Incident): boolean {
  const { cause } = finding;
  const { cause: open, otherCauses } = incident.reported;
  const isKnown = otherCauses.includes(cause);
  return (
    wakesMore(finding, incident) || (isKind(cause, 'device') && !isKind(open, 'device') && !isKnown)
  );
}

/** An incident that wakes nobody must not hide one that does. */
function wakesMore(finding: Finding, { reported }: Incident): boolean {
  return wakes(finding) && !wakes(reported);
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
    if (incident === undefined || isAfterRepair(incident, finding)) return true;
    if (isElsewhere(incident, finding)) return true;
    own(incident, finding);
    return false;
  });
}

/** What has another cause than people were paged for, and none of the cells that are left, came after the page. */
function isElsewhere(incident: Incident, { cause, cells }: Finding): boolean {
  const { pagedAs, reported, footprint } = incident;
  const isOther = cause !== (pagedAs ?? reported).cause;
  return isOther && cells.length > 0 && !cells.some(coverOf(footprint));
}

/** What comes with another cause after all entries of the incident were seen correct is another fault. */
function isAfterRepair({ cleanSince, reported }: Incident, { cause }: Finding): boolean {
  return cleanSince !== undefined && cause !== reported.cause;
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
    const drift = narrow.find(
      (incident) => incident.cleanSince === undefined && isRowOfDrift(incident, finding),
    );
    const torn = open.find(
      (incident) => !isAfterRepair(incident, finding) && isRestOf(incident, finding, matrix),
    );
    const whole = drift ?? torn;
    if (whole !== undefined) {
      own(whole, finding);
      return false;
    }
    const column = columnOf(finding);
    const shares =
      finding.scope === 'cluster'
        ? []
        : sharedWith({ ...finding, cells: column }).filter(
            ({ incident }) =>
              !isAfterRepair(incident, finding) &&
              !wakesMore(finding, incident) &&
              !crosses(finding, incident),
          );
    const inside = new Set(shares.flatMap(({ cells }) => cells)).size;
    if (shares.length > 0 && inside * 2 >= column.length) {
      const [largest] = shares.toSorted((one, two) => two.cells.length - one.cells.length);
      // A state is of one node, and has one incident.
      if (isKind(finding.cause, 'node') && largest !== undefined) {
        own(largest.incident, finding);
        return false;
      }
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
function columnOf({ cause, subject, cells }: Finding): readonly Cell[] {
  if (isKind(cause, 'node')) return cells;
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

export function stateText({ state }: Cell): string {
  return `${state.neighbour} ${state.fdb} ${state.route}`;
}

/** All that a run sees of one incident. */
function combined(incident: Incident, owned: readonly Finding[], matrix: Matrix): Finding {
  const { accused, reported } = incident;
  const parts = withIsolatedNodes(owned);
  const whole = parts.find(({ cause }) => isKind(cause, 'sides'));
  const scope = whole === undefined ? spanOf(incident) : 'cluster';
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
    const joined = ofCluster(matrix, whole?.cause ?? reported.cause, parts);
    return parts.some(({ isUndecided }) => isUndecided === true)
      ? { ...joined, isUndecided: true }
      : joined;
  }
  if (others.length === 0) return first;
  const cells = parts.flatMap((part) => part.cells);
  const otherCauses = new Set(parts.flatMap((part) => [part.cause, ...part.otherCauses]));
  const state = parts.find(({ cause }) => isKind(cause, 'node'));
  if (state !== undefined) {
    otherCauses.delete(state.cause);
    const all = new Set(parts.flatMap((part) => part.observers));
    return { ...state, otherCauses: [...otherCauses], cells, observers: [...all] };
  }
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

/**
 * A state that an incident has and of which this run could not say that it is over still names it, whatever
 * the cells that it explains look like meanwhile.
 */
function withOpenState(incident: Incident, finding: Finding, matrix: Matrix): Finding {
  const { cause } = incident.reported;
  if (!isKind(cause, 'node') || isKind(finding.cause, 'node')) return finding;
  const nodes = statefulNodesOf(remaining(incident.footprint, matrix));
  if (!nodes.some((node) => node === finding.subject)) return finding;
  const otherCauses = new Set([finding.cause, ...finding.otherCauses]);
  return { ...finding, cause, otherCauses: [...otherCauses] };
}
