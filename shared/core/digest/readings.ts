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
import {
  allIsWell,
  type HeldBy,
  heldByReferences,
  like,
  modelsOf,
  type Reference,
  tablesLost,
} from './guesses.ts';
import { healthyDigests, type HealthyDigests, type Model, nameOf } from './healthy.ts';
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
const REFERENCES = 50;

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
  const heldBy = heldByReferences(book);
  const reader: Reader = { healthy, heldBy, references, book, valuesOf, told: new Map() };
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
  readonly heldBy: HeldBy;
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
  const answers = models.map((model) => differFromWell(digested, model, reader));
  const well = answers.find(({ explanation }) => explanation !== undefined);
  if (well !== undefined) return well.explanation;
  for (const [at, model] of models.entries()) {
    // Hosts that lost a whole table differ each in its own entries: no two of them in the same.
    const guesses =
      answers[at]?.isKnown === true ? [] : tablesLost(digested, model, reader.healthy);
    const explanation = firstNear(digested, guesses, reader) ?? likeOthers(digested, model, reader);
    if (explanation !== undefined) return explanation;
  }
  return undefined;
}

function likeOthers(digested: Digested, model: Model, reader: Reader): Explanation | undefined {
  const references = reader.references.slice(0, REFERENCES);
  const guesses = references.map((reference) => like(digested, model, { ...reader, reference }));
  return firstNear(digested, guesses, reader);
}

function firstNear(
  { node, sums }: Digested,
  guesses: Iterable<Guess>,
  reader: Reader,
): Explanation | undefined {
  for (const guess of guesses) {
    const explanation = tell(
      minus(guess.sums, sums),
      { guess, observer: node },
      reader,
    ).explanation;
    if (explanation !== undefined) return explanation;
  }
  return undefined;
}

/** How a host differs from one that holds all that it should. */
function differFromWell(
  digested: Digested,
  model: Model,
  reader: Reader,
): Told & { readonly isKnown: boolean } {
  const guess = allIsWell(digested, model, reader.healthy);
  const difference = minus(guess.sums, digested.sums);
  if (isZero(difference))
    return { ...tell(difference, { guess, observer: '' }, reader), isKnown: true };
  const text = textOf(model, difference);
  const known = reader.told.get(text);
  if (known !== undefined && !known.about.has(digested.node)) return { ...known, isKnown: true };
  const told = tell(difference, { guess, observer: digested.node }, reader);
  if (!told.about.has(digested.node)) reader.told.set(text, told);
  return { ...told, isKnown: false };
}

function tell(
  difference: Syndromes,
  seen: { readonly guess: Guess; readonly observer: string },
  reader: Reader,
): Told {
  const { guess } = seen;
  if (isZero(difference)) {
    const { model, lost } = guess;
    return { explanation: { model, lost, actual: guess.actual() }, about: NOBODY };
  }
  const differences = decode(difference, reader.book.locators);
  if (differences === undefined) return { explanation: undefined, about: NOBODY };
  const about = new Set(differences.flatMap((one) => nodesAt(one, reader)));
  return { explanation: explain(differences, seen, reader), about };
}

const NOBODY: ReadonlySet<string> = new Set();

function nodesAt(difference: Difference, { book }: Reader): readonly string[] {
  return entriesAt(difference, book).map(({ vtep }) => vtep.node);
}

function differenceOf(digested: Digested, healthy: HealthyDigests): string {
  const [model] = modelsOf(digested);
  return model === undefined
    ? ''
    : textOf(model, minus(healthy(digested.node, model), digested.sums));
}

function textOf(model: Model, difference: Syndromes): string {
  return `${nameOf(model)} ${difference.join(' ')}`;
}
