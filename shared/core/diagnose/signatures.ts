import { type Cause, type Table, TABLES } from '../../contract/causes.ts';
import type { Cell, CellState } from '../matrix/cells.ts';
import type { DeviceFault, MacTruth } from '../matrix/matrix.ts';
import type { Held } from '../overlay/holdings.ts';
import type { FindCondition } from '../matrix/conditions.ts';

/** What a fault looks like, by which its cause is recognised. */
export type Signature =
  /** The host has no overlay device, or one that is of no use. */
  | { readonly kind: 'device'; readonly fault: DeviceFault }
  /** Two groups of nodes that hold nothing of each other. */
  | { readonly kind: 'sides' }
  /**
   * A state of a node itself. It explains the cells of the node, and of those beside it, in which one of
   * these tables is wrong.
   */
  | {
      readonly kind: 'node';
      readonly find: FindCondition;
      readonly explains: readonly Table[];
      /** The tables of the cells of those beside it; default the same. */
      readonly explainsBeside?: readonly Table[];
      /** What names its findings, where several causes are one fault that changes; default the cause. */
      readonly name?: string;
    }
  /** A whole row: the same tables lost for every checked subject. */
  | { readonly kind: 'row'; readonly pattern: Pattern }
  /** A cell, alone or with others in a column or a part of a row, that fits one of the patterns. */
  | {
      readonly kind: 'cell';
      readonly patterns: readonly Pattern[];
      /** What is lost is a direct route, and no entry of the overlay. */
      readonly way?: 'direct';
      /** Where the subject's own device and its annotation must agree, or differ. */
      readonly macTruth?: MacTruth;
    };

/** What a cell must look like, table by table. */
type Pattern = Readonly<Record<Table, Demand>>;

/** `any`: whatever is there, but nothing that is lost. `unneeded`: the observer needs no entry of this table. */
type Demand = 'held' | 'lost' | 'changed' | 'weak' | 'any' | 'unneeded';

/** A cause with its signature. Of a list of them, the first is the first in precedence. */
export interface Candidate {
  readonly cause: Cause;
  readonly signature: Signature;
}

/** A cause, and those that fit as well because a table was not captured. */
export interface Recognised {
  readonly cause: Cause;
  readonly otherCauses: readonly Cause[];
}

/**
 * Recognises what is wrong in a cell; undefined where no signature fits it. A cluster has thousands of
 * wrong cells, and few states of cells: each is recognised once.
 */
export function cellRecogniser(
  candidates: readonly Candidate[],
): (cell: Pick<Cell, 'state' | 'way'>, truth: MacTruth) => Recognised | undefined {
  const known = new Map<string, Recognised | undefined>();
  const ofOverlay = candidates.filter((one) => !isOfDirectRoutes(one));
  const ofDirect = candidates.filter(isOfDirectRoutes);
  return ({ state, way }, truth) => {
    const text = `${state.neighbour} ${state.fdb} ${state.route} ${truth} ${way}`;
    if (!known.has(text)) {
      const fitting = way === 'direct' ? ofDirect : ofOverlay;
      const recognised = recogniseCell(fitting, state, truth);
      const other = way === 'either' ? recogniseCell(ofDirect, state, truth) : undefined;
      known.set(text, recognised && other ? withOther(recognised, other) : recognised);
    }
    return known.get(text);
  };
}

function isOfDirectRoutes({ signature }: Candidate): boolean {
  return signature.kind === 'cell' && signature.way === 'direct';
}

function withOther({ cause, otherCauses }: Recognised, other: Recognised): Recognised {
  return { cause, otherCauses: [...otherCauses, other.cause] };
}

function recogniseCell(
  candidates: readonly Candidate[],
  state: CellState,
  truth: MacTruth,
): Recognised | undefined {
  const patternsOf = ({ signature }: Candidate): readonly Pattern[] => {
    if (signature.kind !== 'cell') return [];
    const applies = signature.macTruth === undefined || signature.macTruth === truth;
    return applies ? signature.patterns : [];
  };
  const found = (some: CellState): Recognised | undefined => choose(candidates, some, patternsOf);
  const exact = found(state);
  if (exact !== undefined) return exact;
  // Another MAC address explains no lost route: these are two faults, and the first in precedence is the MAC address.
  const isOther = state.neighbour === 'changed' && state.route === 'absent';
  const mac = isOther ? found({ ...state, route: 'right' }) : undefined;
  const route = isOther ? found({ neighbour: 'right', fdb: 'right', route: 'absent' }) : undefined;
  return mac && route ? withOther(mac, route) : found(withChangedLost(state));
}

/** What is wrong with a whole row: `state` is what all of its cells have in common. */
export function recogniseRow(
  candidates: readonly Candidate[],
  state: CellState,
): Recognised | undefined {
  return choose(candidates, state, ({ signature }) =>
    signature.kind === 'row' ? [signature.pattern] : [],
  );
}

/**
 * The surest candidate; of several that only perhaps fit, the one that assumes the least wrong in what nobody saw.
 */
function choose(
  candidates: readonly Candidate[],
  state: CellState,
  patternsOf: (candidate: Candidate) => readonly Pattern[],
): Recognised | undefined {
  const fitting = candidates
    .flatMap((candidate) =>
      patternsOf(candidate).map((pattern) => ({
        cause: candidate.cause,
        fits: fit(pattern, state),
        assumed: assumedWrong(pattern, state),
      })),
    )
    .filter(({ fits }) => fits !== 'no');
  const [best, ...rest] = fitting.toSorted(
    (one, two) => rank(one.fits) - rank(two.fits) || one.assumed - two.assumed,
  );
  if (best === undefined) return undefined;
  const others = new Set(rest.map(({ cause }) => cause));
  others.delete(best.cause);
  return { cause: best.cause, otherCauses: best.fits === 'yes' ? [] : [...others] };
}

/** In how many of the tables that were not captured something is wrong, if it is this pattern. */
function assumedWrong(pattern: Pattern, state: CellState): number {
  return TABLES.filter((table) => state[table] === 'unknown' && IS_WRONG.has(pattern[table]))
    .length;
}

const IS_WRONG: ReadonlySet<Demand> = new Set(['lost', 'changed', 'weak']);

/** `perhaps`: a table that the pattern asks for was not captured. */
type Fit = 'yes' | 'perhaps' | 'no';

function rank(fits: Fit): number {
  return fits === 'yes' ? 0 : 1;
}

function fit(pattern: Pattern, state: CellState): Fit {
  const fits = new Set(TABLES.map((table) => fitOne(pattern[table], state[table])));
  if (fits.has('no')) return 'no';
  return fits.has('perhaps') ? 'perhaps' : 'yes';
}

function fitOne(wanted: Demand, held: Held): Fit {
  if (wanted === 'unneeded') return 'yes';
  if (wanted === 'any') return held === 'absent' ? 'no' : 'yes';
  switch (held) {
    case 'unknown':
      return 'perhaps';
    case 'right':
      return wanted === 'held' ? 'yes' : 'no';
    // What is not permanent still works: beside a lost entry it counts as held.
    case 'weak':
      return wanted === 'weak' || wanted === 'held' ? 'yes' : 'no';
    case 'absent':
      return wanted === 'lost' ? 'yes' : 'no';
    case 'changed':
      return wanted === 'changed' ? 'yes' : 'no';
  }
}

/** A changed entry beside a lost one: no cause of its own, but certainly not the right entry. */
function withChangedLost({ neighbour, fdb, route }: CellState): CellState {
  return { neighbour: changedLost(neighbour), fdb: changedLost(fdb), route: changedLost(route) };
}

function changedLost(held: Held): Held {
  return held === 'changed' ? 'absent' : held;
}
