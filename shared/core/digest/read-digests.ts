/**
 * Reads the digests of a run.
 *
 * A host's digest is a sum over its entries. The checker knows which entries the host should hold,
 * computes the digest that it should have, and subtracts the one it has. Common entries cancel out;
 * only differences remain:
 *
 *     it should hold      a  b  c  d  e        the checker's sums
 *     it holds            a  b     d  e′     - the host's sums
 *                               c     e-e′   = c's hash at c's position, e's hash less that of e′ at e's
 *
 * No difference: the host holds what it should. Few differences: sixteen sums a bucket are equations
 * for eight positions and their value hashes (`decode.ts`), and the codebook maps positions to the
 * entries of all VTEPs. Where the whole hash is missing, the entry is absent. Otherwise it has another
 * value, which can be named if the device, the annotations, the roster or a host that was read in full
 * knows it (`explain.ts`, `values.ts`). A difference at a position that no expected entry maps to is a
 * ghost entry.
 *
 * Many differences: the host is compared with other guesses. It may have lost whole tables, or differ
 * in the same way as a host that was read in full. A guess need only be near, since its remaining
 * differences are decoded as well. Hosts that no guess comes near are `unexplained`, in groups with
 * equal differences: one host of each group is to be read in full (`run/reading.ts`), and explains the
 * others.
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

/** What the digests of a run mean. */
interface ReadDigests {
  readonly explained: ReadonlyMap<string, Explanation>;
  /**
   * Hosts whose digests differ in more entries than a digest can locate, in groups with equal
   * differences, the largest first: one host of each group has to be read in full.
   */
  readonly unexplained: readonly (readonly string[])[];
  readonly book: Codebook;
  readonly healthy: HealthyDigests;
  readonly valuesOf: Knowledge['valuesOf'];
}

/** What the digests are read with, besides the VTEPs. */
interface Sources {
  readonly members: readonly Member[];
  readonly references: readonly Reference[];
  readonly profile: Profile;
}

export function readDigests(
  digests: readonly Digested[],
  vteps: readonly Vtep[],
  sources: Sources,
): ReadDigests {
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
  /** The meaning of differences by their text: in a large cluster most are equal. */
  readonly decoded: Map<string, Decoded>;
}

interface Decoded {
  readonly explanation: Explanation | undefined;
  /** Nodes whose own entries are among the differences: each of these hosts is decoded alone. */
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
    decoded: new Map(),
  };
}

/** `wells`: the host holds what it should, by each model that it may follow. The first that fits counts. */
function read(
  digested: Digested,
  wells: readonly Guess[],
  reader: Reader,
): Explanation | undefined {
  return (
    firstOf(wells, (well) => decodeOnce(well, digested, reader)) ??
    firstOf(wells, (well) =>
      firstOf(
        furtherGuesses(digested, well, reader),
        (guess) => decodeGuess(guess, digested, reader).explanation,
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

/** Decodes equal differences once, except for the hosts whose own entries are among them. */
function decodeOnce(guess: Guess, digested: Digested, reader: Reader): Explanation | undefined {
  const text = textOf(guess);
  const known = reader.decoded.get(text);
  if (known !== undefined && !known.about.has(digested.node)) return known.explanation;
  const decoded = decodeGuess(guess, digested, reader);
  if (!decoded.about.has(digested.node)) reader.decoded.set(text, decoded);
  return decoded.explanation;
}

function decodeGuess(guess: Guess, { node: observer }: Digested, reader: Reader): Decoded {
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
