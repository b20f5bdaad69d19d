import { CAUSES, type Cause } from '../../contract/causes.ts';
import type { CellState, Held } from '../diff/cells.ts';
import type { MacTruth } from '../diff/matrix.ts';
import { type CauseRule, fit, type Signature } from './cause-rule.ts';
import { RULES } from './rules.ts';

/** A cause, and those that fit as well because a table was not captured. */
export interface Recognised {
  readonly cause: Cause;
  readonly otherCauses: readonly Cause[];
}

/** What is wrong in one cell. Every cell in which something is wrong has a cause. */
export function recogniseCell(state: CellState, truth: MacTruth): Recognised {
  return (
    choose(state, (rule) => cellSignatures(rule, truth)) ??
    choose(withChangedLost(state), (rule) => cellSignatures(rule, truth)) ?? {
      cause: 'entries-missing',
      otherCauses: [],
    }
  );
}

/** What is wrong with a whole row: `state` is what all of its cells have in common. */
export function recogniseRow(state: CellState): Recognised | undefined {
  return choose(state, ({ recognise }) => (recognise.kind === 'row' ? [recognise.signature] : []));
}

/** The surest rule; of several that only perhaps fit, the one that assumes the least lost. */
function choose(
  state: CellState,
  signaturesOf: (rule: CauseRule) => readonly Signature[],
): Recognised | undefined {
  const candidates = CAUSES.flatMap((cause) =>
    signaturesOf(RULES[cause]).map((signature) => ({
      cause,
      fits: fit(signature, state),
      lost: Object.values(signature).filter((wanted) => wanted === 'lost').length,
    })),
  ).filter(({ fits }) => fits !== 'no');
  const [best, ...rest] = candidates.toSorted(
    (one, two) => rank(one.fits) - rank(two.fits) || one.lost - two.lost,
  );
  if (best === undefined) return undefined;
  const others = new Set(rest.map(({ cause }) => cause));
  others.delete(best.cause);
  return { cause: best.cause, otherCauses: best.fits === 'yes' ? [] : [...others] };
}

function cellSignatures({ recognise }: CauseRule, truth: MacTruth): readonly Signature[] {
  if (recognise.kind !== 'cell') return [];
  const applies = recognise.macTruth === undefined || recognise.macTruth === truth;
  return applies ? recognise.signatures : [];
}

/** A changed entry beside a lost one: no cause of its own, but certainly not the right entry. */
function withChangedLost({ neighbour, fdb, route }: CellState): CellState {
  return { neighbour: changedLost(neighbour), fdb: changedLost(fdb), route: changedLost(route) };
}

function changedLost(held: Held): Held {
  return held === 'changed' ? 'absent' : held;
}

function rank(fits: 'yes' | 'perhaps' | 'no'): number {
  return fits === 'yes' ? 0 : 1;
}
