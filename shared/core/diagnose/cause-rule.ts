import { type Cause, type Table, TABLES } from '../../contract/causes.ts';
import type { CellState, Held } from '../diff/cells.ts';
import type { MacTruth } from '../diff/matrix.ts';

/**
 * How one cause is recognised, and what it means to people. A cause is one file in `causes/`, and
 * one line in `rules.ts`.
 */
export interface CauseRule {
  readonly cause: Cause;
  readonly recognise: Recognition;
  /** A fault that still works is told, and wakes nobody. */
  readonly pages: boolean;
  /** One sentence: what is wrong. */
  readonly says: (who: Wording) => string;
  /** One sentence: what users notice. */
  readonly effect: (who: Wording) => string;
  /** On whose side flannel must be restarted. */
  readonly mendAt: 'observers' | 'subject';
}

export type Recognition =
  /** The host has no overlay device. */
  | { readonly kind: 'device' }
  /** Two groups of nodes that hold nothing of each other. */
  | { readonly kind: 'sides' }
  /** A whole row: the same tables lost for every judged subject. */
  | { readonly kind: 'row'; readonly signature: Signature }
  /** A cell, alone or with others in a column or a part of a row. */
  | {
      readonly kind: 'cell';
      readonly signatures: readonly Signature[];
      /** Where the subject's own device and its annotation must agree, or differ. */
      readonly macTruth?: MacTruth;
    };

/** What a cell must look like, table by table. */
export type Signature = Readonly<Record<Table, Wanted>>;

export type Wanted = 'held' | 'lost' | 'changed' | 'weak' | 'any';

/** The tables as a sentence calls them. */
export const TABLE_NAMES: Readonly<Record<Table, string>> = {
  neighbour: 'neighbour',
  fdb: 'FDB',
  route: 'route',
};

/**
 * Whom a sentence speaks of, ready for a page: `master1`, `all 5 of its judged peers`. Either may be
 * one node or several, so no verb or pronoun of a sentence may depend on it.
 */
export interface Wording {
  readonly subject: string;
  readonly observers: string;
  readonly tables: readonly Table[];
}

/** `perhaps`: what the signature asks for was in part not captured. */
export type Fit = 'yes' | 'perhaps' | 'no';

export function fit(signature: Signature, state: CellState): Fit {
  const fits = new Set(TABLES.map((table) => fitOne(signature[table], state[table])));
  if (fits.has('no')) return 'no';
  return fits.has('perhaps') ? 'perhaps' : 'yes';
}

function fitOne(wanted: Wanted, held: Held): Fit {
  if (wanted === 'any') return 'yes';
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
