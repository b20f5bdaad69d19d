/**
 * What digests say.
 *
 * A host's digest is a sum over its entries, so whoever knows the entries that it should hold can
 * reckon the digest that it should have, and take the one from the other. What both have is gone
 * then, however much it was, and only the differences are left:
 *
 *     it should hold      a  b  c  d  e        the checker's sums
 *     it holds            a  b     d  e′     - the host's sums
 *                               c     e-e′   = c's weight at c's place, e's less that of e′ at e's
 *
 * Nothing is left: all is well. Little is left: sixteen sums a bucket are equations for eight places
 * and their weights (`decode.ts`), and the codebook, which has the entries of all VTEPs by their
 * places, says whose they are. A difference of the whole weight is an entry that is absent. Another
 * one is an entry of another value, and which can be told where somebody knows of it: the device, the
 * annotations, the roster, or a host that was read in full (`explain.ts`, `values.ts`). What is at a
 * place of nobody's is an entry for no live node.
 *
 * Much is left where a host differs in hundreds of entries. It is then compared with other guesses
 * than that all is well: that it has lost whole tables, and that it differs in the same as a host
 * that was read in full. A guess need only be near, since what is left of it is decoded as well. Hosts
 * that no guess is near to are `unexplained`, in groups whose differences are equal: of each group one
 * is to be read in full (`run/reading.ts`), and explains the others.
 */
import type { Member } from '../members/member.ts';
import { groupBy } from '../group.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';
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
import { allIsWell, tablesLost } from './guesses.ts';
import { healthyDigests, type HealthyDigests } from './healthy.ts';
import { modelsBy, type ModelsOf } from './models.ts';
import { type LikeOthers, likeOthersBy, type Reference } from './references.ts';
import { isZero } from './syndromes.ts';
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
  readonly healthy: HealthyDigests;
  readonly valuesOf: Knowledge['valuesOf'];
}

/** What the digests are read with, besides the VTEPs. */
export interface Sources {
  readonly members: readonly Member[];
  readonly references: readonly Reference[];
  readonly profile: Profile;
}

export function readDigests(
  digests: readonly Digested[],
  vteps: readonly Vtep[],
  sources: Sources,
): Readings {
  const reader = readerOf(vteps, sources);
  const explained = new Map<string, Explanation>();
  const left: Unexplained[] = [];
  for (const digested of digests) {
    const wells = reader
      .modelsOf(digested)
      .map((model) => allIsWell(digested, model, reader.healthy));
    const explanation = read(digested, wells, reader);
    if (explanation === undefined) left.push({ node: digested.node, texts: wells.map(textOf) });
    else explained.set(digested.node, explanation);
  }
  const unexplained = alike(left).toSorted((one, two) => two.length - one.length);
  const { book, healthy, valuesOf } = reader;
  return { explained, unexplained, book, healthy, valuesOf };
}

/** A host, with how it differs from what it should hold by each model that it may follow. */
interface Unexplained {
  readonly node: string;
  readonly texts: readonly string[];
}

/** Groups of hosts that differ in the same, by that model in which the most do. */
function alike(hosts: readonly Unexplained[]): readonly (readonly string[])[] {
  const sharing = groupBy(
    hosts.flatMap(({ texts }) => texts),
    (text) => text,
  );
  const sharedBy = (text: string): number => sharing.get(text)?.length ?? 0;
  const groups = groupBy(
    hosts,
    ({ texts }) => texts.toSorted((one, two) => sharedBy(two) - sharedBy(one))[0] ?? '',
  );
  return [...groups.values()].map((group) => group.map(({ node }) => node));
}

interface Reader extends Knowledge {
  readonly healthy: HealthyDigests;
  readonly modelsOf: ModelsOf;
  readonly likeOthers: LikeOthers;
  /** What equal differences were found to mean: in a large cluster most of them are equal. */
  readonly told: Map<string, Told>;
}

interface Told {
  readonly explanation: Explanation | undefined;
  /** Nodes whose own entries a difference may be about; of these each is told by itself. */
  readonly about: ReadonlySet<string>;
}

function readerOf(vteps: readonly Vtep[], { members, references, profile }: Sources): Reader {
  const book = codebookOf(vteps, profile);
  const healthy = healthyDigests(book);
  const holdings = references.flatMap((reference) => reference.holdings);
  return {
    book,
    healthy,
    valuesOf: valuesBy({ members, profile }, holdings),
    modelsOf: modelsBy(vteps),
    likeOthers: likeOthersBy(references, book, healthy),
    told: new Map(),
  };
}

/** `wells`: that all is well, by each model that the host may follow. The first that fits is right. */
function read(
  digested: Digested,
  wells: readonly Guess[],
  reader: Reader,
): Explanation | undefined {
  return (
    firstOf(wells, (well) => tellOnce(well, digested, reader)) ??
    firstOf(wells, (well) =>
      firstOf(
        furtherGuesses(digested, well, reader),
        (guess) => tell(guess, digested, reader).explanation,
      ),
    )
  );
}

function* furtherGuesses(digested: Digested, well: Guess, reader: Reader): Generator<Guess> {
  const guess = tablesLost(digested, well.model, reader.healthy);
  if (guess !== undefined) yield guess;
  yield* reader.likeOthers(well);
}

function firstOf<T, R>(items: Iterable<T>, look: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Hosts with equal differences are told of once, but for those that the differences are about. */
function tellOnce(guess: Guess, digested: Digested, reader: Reader): Explanation | undefined {
  const text = textOf(guess);
  const known = reader.told.get(text);
  if (known !== undefined && !known.about.has(digested.node)) return known.explanation;
  const told = tell(guess, digested, reader);
  if (!told.about.has(digested.node)) reader.told.set(text, told);
  return told.explanation;
}

function tell(guess: Guess, { node: observer }: Digested, reader: Reader): Told {
  const { model, lost, difference, actual } = guess;
  if (isZero(difference)) return { explanation: { model, lost, actual: actual() }, about: NOBODY };
  const differences = decode(difference, reader.book.locators);
  if (differences === undefined) return { explanation: undefined, about: NOBODY };
  const about = new Set(differences.flatMap((one) => nodesAt(one, reader)));
  return { explanation: explain(differences, { guess, observer }, reader), about };
}

const NOBODY: ReadonlySet<string> = new Set();

function nodesAt(difference: Difference, { book }: Reader): readonly string[] {
  return entriesAt(difference, book).map(({ vtep }) => vtep.node);
}

function textOf({ model, difference }: Guess): string {
  return isZero(difference) ? model.name : `${model.name} ${difference.join(' ')}`;
}
