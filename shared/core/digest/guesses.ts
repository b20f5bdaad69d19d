import type { Table } from '../../contract/causes.ts';
import type { Holdings } from '../diff/cells.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import type { Actual, Digested, Guess } from './explain.ts';
import { type HealthyDigests, isExpected, type Model, nameOf } from './healthy.ts';
import { readEntry } from './read-entry.ts';
import { minus } from './syndromes.ts';

/** A host that was read in full beside its digest: others may differ from what they should in the same. */
export interface Reference {
  readonly digested: Digested;
  readonly holdings: readonly Holdings[];
}

const NOTHING: Actual = new Map();

/** With direct routes a host needs fewer entries of the overlay; without, there is but one model. */
export function modelsOf({ tables, subnets }: Digested): readonly Model[] {
  return [...subnets.map((subnet) => ({ tables, subnet })), { tables, subnet: undefined }];
}

/** The host holds all that it should. */
export function allIsWell({ node }: Digested, model: Model, healthy: HealthyDigests): Guess {
  return { model, lost: NO_TABLES, sums: healthy(node, model), actual: () => NOTHING };
}

const NO_TABLES: ReadonlySet<Table> = new Set();

/** The host lost whole tables: one guess for each choice of them. */
export function* tablesLost(
  { node }: Digested,
  model: Model,
  healthy: HealthyDigests,
): Generator<Guess> {
  for (const choice of choicesOf([...model.tables])) {
    const lost = new Set(choice);
    const left = { ...model, tables: model.tables.difference(lost) };
    yield { model, lost, sums: healthy(node, left), actual: () => NOTHING };
  }
}

/** The host differs in the same as one that was read in full. */
export function like(
  { node }: Digested,
  model: Model,
  {
    reference,
    healthy,
    heldBy,
  }: {
    readonly reference: Reference;
    readonly healthy: HealthyDigests;
    readonly heldBy: HeldBy;
  },
): Guess {
  const other = reference.digested;
  const differs = minus(healthy(other.node, model), other.sums);
  return {
    model,
    lost: NO_TABLES,
    sums: minus(healthy(node, model), differs),
    actual: () => heldBy(reference, model),
  };
}

export type HeldBy = (reference: Reference, model: Model) => Actual;

/** What hosts that were read in full hold; looked up once, since many may be like one of them. */
export function heldByReferences(book: Codebook): HeldBy {
  const known = new Map<Reference, Map<string, Actual>>();
  return (reference, model) => {
    const byModel = known.get(reference) ?? new Map<string, Actual>();
    const key = nameOf(model);
    const actual = byModel.get(key) ?? look(reference, model, book);
    known.set(reference, byModel.set(key, actual));
    return actual;
  };
}

function look({ digested, holdings }: Reference, model: Model, book: Codebook): Actual {
  const actual = new Map<ExpectedEntry, number>();
  for (const entry of book.entries) {
    const { node, family } = entry.vtep;
    if (node === digested.node) continue;
    const own = holdings.find((one) => one.family === family);
    const weight = own === undefined ? 0 : readEntry(entry, own).weight;
    const expected = isExpected(entry, model) ? entry.symbol.weight : 0;
    if (weight !== expected) actual.set(entry, weight);
  }
  return actual;
}

/** Every choice of at least one. */
function choicesOf(tables: readonly Table[]): readonly (readonly Table[])[] {
  const choices = Array.from({ length: 2 ** tables.length }, (_, bits) =>
    tables.filter((_table, at) => Math.floor(bits / 2 ** at) % 2 === 1),
  );
  return choices.slice(1);
}
