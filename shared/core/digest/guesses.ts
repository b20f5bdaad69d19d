import type { Table } from '../../contract/causes.ts';
import type { Holdings } from '../diff/cells.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import { type Actual, type Digested, type Guess, weightIn } from './explain.ts';
import { type HealthyDigests, isExpected, type Model } from './healthy.ts';
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
  return { model, sums: healthy(node, model), actual: () => NOTHING, isWell: true };
}

/** The host lost whole tables: one guess for each choice of them. */
export function* tablesLost(
  { node }: Digested,
  model: Model,
  { book, healthy }: { readonly book: Codebook; readonly healthy: HealthyDigests },
): Generator<Guess> {
  for (const lost of choicesOf([...model.tables])) {
    const left: Model = { ...model, tables: model.tables.difference(new Set(lost)) };
    const isLost = (entry: ExpectedEntry): boolean =>
      entry.vtep.node !== node && isExpected(entry, model) && !isExpected(entry, left);
    yield {
      model,
      sums: healthy(node, left),
      actual: () => new Map(book.entries.filter(isLost).map((entry) => [entry, 0])),
      isWell: false,
    };
  }
}

/** The host differs in the same as one that was read in full. */
export function like(
  digested: Digested,
  model: Model,
  {
    reference,
    book,
    healthy,
  }: {
    readonly reference: Reference;
    readonly book: Codebook;
    readonly healthy: HealthyDigests;
  },
): Guess {
  const other = reference.digested;
  const differs = minus(healthy(other.node, model), other.sums);
  return {
    model,
    sums: minus(healthy(digested.node, model), differs),
    actual: () => heldBy(reference, model, { book, except: digested.node }),
    isWell: false,
  };
}

function heldBy(
  { digested, holdings }: Reference,
  model: Model,
  { book, except }: { readonly book: Codebook; readonly except: string },
): Actual {
  const actual = new Map<ExpectedEntry, number>();
  for (const entry of book.entries) {
    const { node, family } = entry.vtep;
    if (node === digested.node || node === except) continue;
    const own = holdings.find((one) => one.family === family);
    const weight = own === undefined ? 0 : readEntry(entry, own).weight;
    if (weight !== weightIn(model, NOTHING, entry)) actual.set(entry, weight);
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
