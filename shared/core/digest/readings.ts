import type { Member } from '../expect/member.ts';
import { groupBy } from '../group.ts';
import type { Vtep } from '../overlay.ts';
import { type Codebook, codebookOf } from './codebook.ts';
import { decode, type Difference } from './decode.ts';
import {
  type Digested,
  entriesAt,
  explain,
  type Explanation,
  type Guess,
  type Knowledge,
} from './explain.ts';
import { allIsWell, like, modelsOf, type Reference, tablesLost } from './guesses.ts';
import { healthyDigests, type HealthyDigests } from './healthy.ts';
import { isZero, minus, type Syndromes } from './syndromes.ts';
import { valuesBy } from './values.ts';

/** What a run's digests say. */
export interface Readings {
  readonly explained: ReadonlyMap<string, Explanation>;
  /**
   * Hosts whose digests differ from what they should hold in more than a digest can tell. Those of one
   * group differ in the same: one of them has to be read in full. The largest group comes first.
   */
  readonly unexplained: readonly (readonly string[])[];
  readonly book: Codebook;
  readonly valuesOf: Knowledge['valuesOf'];
}

/** How many hosts that were read in full a digest is compared with. */
const REFERENCES = 12;

export function readDigests(
  digests: readonly Digested[],
  vteps: readonly Vtep[],
  {
    members,
    references,
  }: {
    readonly members: readonly Member[];
    readonly references: readonly Reference[];
  },
): Readings {
  const book = codebookOf(vteps);
  const valuesOf = valuesBy(
    members,
    references.flatMap(({ holdings }) => holdings),
  );
  const healthy = healthyDigests(book);
  const reader: Reader = { healthy, references, book, valuesOf, told: new Map() };
  const explained = new Map<string, Explanation>();
  const left: { readonly node: string; readonly difference: string }[] = [];
  for (const digested of digests) {
    const explanation = read(digested, reader);
    if (explanation !== undefined) explained.set(digested.node, explanation);
    else left.push({ node: digested.node, difference: differenceOf(digested, healthy) });
  }
  const unexplained = [...groupBy(left, ({ difference }) => difference).values()]
    .map((alike) => alike.map(({ node }) => node))
    .toSorted((one, two) => two.length - one.length);
  return { explained, unexplained, book, valuesOf };
}

interface Reader extends Knowledge {
  readonly healthy: HealthyDigests;
  readonly references: readonly Reference[];
  /** What equal differences were found to mean: in a large cluster most of them are equal. */
  readonly told: Map<string, Told>;
}

interface Told {
  readonly explanation: Explanation | undefined;
  /** Nodes whose own entries a difference may be about; of these each is told by itself. */
  readonly about: ReadonlySet<string>;
}

function read(digested: Digested, reader: Reader): Explanation | undefined {
  const models = modelsOf(digested);
  for (const model of models) {
    const well = tryGuess(digested, allIsWell(digested, model, reader.healthy), reader);
    if (well !== undefined) return well;
  }
  for (const model of models) {
    for (const guess of guessesOf(digested, model, reader)) {
      const explanation = tryGuess(digested, guess, reader);
      if (explanation !== undefined) return explanation;
    }
  }
  return undefined;
}

function* guessesOf(digested: Digested, model: Guess['model'], reader: Reader): Generator<Guess> {
  yield* tablesLost(digested, model, reader);
  for (const reference of reader.references.slice(0, REFERENCES)) {
    yield like(digested, model, { ...reader, reference });
  }
}

function tryGuess({ node, sums }: Digested, guess: Guess, reader: Reader): Explanation | undefined {
  const difference = minus(guess.sums, sums);
  if (isZero(difference)) return { model: guess.model, actual: guess.actual() };
  const text = guess.isWell ? textOf(guess.model, difference) : undefined;
  const told = text === undefined ? undefined : reader.told.get(text);
  if (told !== undefined && !told.about.has(node)) return told.explanation;
  const differences = decode(difference, reader.book.locators);
  const explanation = differences && explain(differences, { guess, observer: node }, reader);
  const about = new Set((differences ?? []).flatMap((one) => nodesAt(one, reader)));
  if (text !== undefined && !about.has(node)) reader.told.set(text, { explanation, about });
  return explanation;
}

function nodesAt(difference: Difference, { book }: Reader): readonly string[] {
  return entriesAt(difference, book).map(({ vtep }) => vtep.node);
}

function differenceOf(digested: Digested, healthy: HealthyDigests): string {
  const [model] = modelsOf(digested);
  return model === undefined
    ? ''
    : textOf(model, minus(healthy(digested.node, model), digested.sums));
}

function textOf({ tables, subnet }: Guess['model'], difference: Syndromes): string {
  return `${subnet ?? ''} ${[...tables].join(' ')} ${difference.join(' ')}`;
}
