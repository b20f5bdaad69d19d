import type { ReportedIncident } from '../../shared/contract/report.ts';
import type { Cell } from '../world/damage.ts';
import { partsOf } from './keys.ts';

/** What an incident says: who has lost whom, and why. */
export type Claim = Pick<
  ReportedIncident,
  'key' | 'cause' | 'otherCauses' | 'scope' | 'subject' | 'subjects' | 'observers'
> &
  Partial<Pick<ReportedIncident, 'missingPeers'>>;

/** Whether the claim speaks of this cell. */
function speaksOf(claim: Claim, { observer, subject }: Cell): boolean {
  const accused = accusedBy(claim);
  // A state of a node names none of the others: they are nearly all.
  const isObserver = claim.observers.length === 0 || claim.observers.includes(observer.name);
  return isObserver && (accused?.includes(subject.name) ?? true);
}

/** The nodes that the claim says are lost; undefined where it names none. */
function accusedBy({ subject, subjects }: Claim): readonly string[] | undefined {
  return subject === undefined ? subjects : [subject];
}

/** The cells of the fault that the claim speaks of. */
export function claimedOf(claim: Claim, cells: readonly Cell[]): readonly Cell[] {
  return cells.filter((cell) => speaksOf(claim, cell));
}

/** Everybody whom the claim names. */
export function namesIn(claim: Claim): readonly string[] {
  return [...(accusedBy(claim) ?? []), ...claim.observers];
}

/** The node that is in every cell: a side of which nobody else can be checked is a node that is cut off. */
export function loneIn(cells: readonly Cell[]): string | undefined {
  const [first] = cells;
  return [first?.observer.name, first?.subject.name].find(
    (name) =>
      name !== undefined &&
      cells.every(({ observer, subject }) => observer.name === name || subject.name === name),
  );
}

/**
 * Whether the claim accuses whom it should: in columns the subjects, in rows, or where they are fewer, the
 * observers. Of two groups that have lost each other it is the smaller one, by its rows or its columns.
 */
export function accusesRightly(
  claim: Claim,
  {
    shape,
    cells,
  }: { readonly shape: 'column' | 'row' | 'partition'; readonly cells: readonly Cell[] },
): boolean {
  const { scope, observers } = claim;
  const named = accusedBy(claim);
  if (scope === 'cluster') return claimedOf(claim, cells).length * 2 >= cells.length;
  const accused = new Set(cells.map((cell) => cell.subject.name));
  const guilty = new Set(cells.map((cell) => cell.observer.name));
  const isBoth = (name: string): boolean => guilty.has(name) && accused.has(name);
  const onlyGuilty = observers.every((name) => guilty.has(name));
  const [observer, ...more] = observers;
  switch (shape) {
    case 'column':
      // A host whose device drifted has lost its own row as well: it is the right host.
      if (scope === 'observer' && more.length === 0 && isBoth(observer ?? '')) return true;
      return named === undefined
        ? guilty.size <= accused.size && onlyGuilty
        : named.every((name) => accused.has(name));
    case 'row':
      return (scope === 'subject' || named !== undefined) && scope !== 'pair' ? false : onlyGuilty;
    case 'partition': {
      const smaller = new Set(partsOf(cells).flatMap((part) => [...smallerSideOf(part.cells)]));
      return (named ?? observers).every((name) => smaller.has(name));
    }
  }
}

/** The smaller of the two groups that have lost each other; both where they are of one size. */
function smallerSideOf(cells: readonly Cell[]): ReadonlySet<string> {
  const [first] = cells;
  const one = new Set(first === undefined ? [] : [first.observer.name]);
  const other = new Set<string>();
  for (let known = -1; known < one.size + other.size;) {
    known = one.size + other.size;
    for (const { observer, subject } of cells) {
      if (one.has(observer.name)) other.add(subject.name);
      if (other.has(observer.name)) one.add(subject.name);
      if (one.has(subject.name)) other.add(observer.name);
      if (other.has(subject.name)) one.add(observer.name);
    }
  }
  if (one.size === other.size) return one.union(other);
  return one.size < other.size ? one : other;
}
