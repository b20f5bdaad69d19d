import { TABLES } from '../../contract/causes.ts';
import type { DigestTable } from '../../contract/digest.ts';
import type { Member } from '../members/member.ts';
import { type Holdings, holdingsOf } from '../overlay/holdings.ts';
import { isOverlayDevice, type Profile } from '../overlay/profile.ts';
import type { FdbEntry, Tables } from '../overlay/vtep.ts';
import { type Codebook, type ExpectedEntry, nameOf } from './codebook.ts';
import { decode } from './decode.ts';
import { type Actual, type Digested, digestedBy, entriesAt, type Guess } from './explain.ts';
import { subtract } from './field.ts';
import { allIsWell } from './guesses.ts';
import type { HealthyDigests } from './healthy.ts';
import { isExpected, type Model } from './models.ts';
import { readEntry } from './read-entry.ts';
import { type Symbol, symbolOf } from './symbol.ts';
import { addSymbol, minus, shareABucket, type Syndromes } from './syndromes.ts';

/** A host with both digest and tables: other hosts may differ in the same way. */
export interface Reference {
  readonly digested: Digested;
  readonly holdings: readonly Holdings[];
}

/** Undefined of a host that did not answer with both. */
export function referenceOf({ node, observed }: Member, profile: Profile): Reference | undefined {
  if (observed?.kind !== 'tables' || observed.digest === undefined) return undefined;
  const { ipv4, ipv6 } = holdingsOf(node, withoutUnusedFdb(observed.tables), profile);
  return { digested: digestedBy(node, observed.digest), holdings: [ipv4, ipv6] };
}

/**
 * The tables as a digest sums them: without unused FDB entries, which a peer leaves behind when it gets
 * another MAC (`contract/digest.ts` has the rule).
 */
function withoutUnusedFdb(tables: Tables): Tables {
  const { neighbours, fdb } = tables;
  if (neighbours === undefined || fdb === undefined) return tables;
  const macs = new Set(
    neighbours.filter(({ device }) => isOverlayDevice(device)).map(({ mac }) => mac),
  );
  const isUsed = ({ mac }: FdbEntry): boolean => macs.has(mac);
  const reached = new Set(fdb.filter(isUsed).map(({ destination }) => destination));
  return {
    ...tables,
    fdb: fdb.filter((entry) => isUsed(entry) || !reached.has(entry.destination)),
  };
}

/** How many references a digest is compared with. */
const REFERENCES = 50;

/** A guess for each reference: the host differs in the same way. */
export type LikeOthers = (well: Guess) => Iterable<Guess>;

export function likeOthersBy(
  references: readonly Reference[],
  book: Codebook,
  healthy: HealthyDigests,
): LikeOthers {
  const byModel = new Map<string, readonly Pattern[]>();
  return function* likeOthers({ model, lost, difference }) {
    const patterns =
      byModel.get(model.name) ??
      references
        .slice(0, REFERENCES)
        .flatMap((reference) => patternOf(reference, model, { book, healthy }) ?? []);
    byModel.set(model.name, patterns);
    for (const pattern of patterns) {
      // A host that is like the reference differs from it in few entries, and so in few buckets.
      if (!shareABucket(difference, pattern.difference)) continue;
      const further = minus(difference, pattern.difference);
      yield { model, lost, difference: further, actual: () => pattern.actual };
    }
  };
}

/** How a host that was read in full differs from what it should hold. */
interface Pattern {
  readonly difference: Syndromes;
  readonly actual: Actual;
}

/** Undefined where the digest was not made of these tables: then they explain nothing. */
function patternOf(
  reference: Reference,
  model: Model,
  { book, healthy }: { readonly book: Codebook; readonly healthy: HealthyDigests },
): Pattern | undefined {
  const { digested } = reference;
  if (digested.tables.symmetricDifference(model.tables).size > 0) return undefined;
  const { difference } = allIsWell(digested, model, healthy);
  const actual = heldBy(reference, model, book);
  const remaining = difference.slice();
  for (const [entry, valueHash] of actual) {
    const expected = isExpected(entry, model) ? entry.symbol.valueHash : 0;
    addSymbol(remaining, { ...entry.symbol, valueHash: subtract(valueHash, expected) });
  }
  const isWhole = [...ghostSymbolsOf(reference, book)].some((ghosts) => {
    const left = decode(plusAll(remaining, ghosts), []);
    return left?.every((one) => entriesAt(one, book).length === 0);
  });
  return isWhole ? { difference, actual } : undefined;
}

function heldBy({ digested, holdings }: Reference, model: Model, book: Codebook): Actual {
  const actual = new Map<ExpectedEntry, number>();
  for (const entry of book.entries) {
    const { node, family } = entry.vtep;
    if (node === digested.node) continue;
    const own = holdings.find((one) => one.family === family);
    const valueHash = own === undefined ? 0 : readEntry(entry, own).valueHash;
    const expected = isExpected(entry, model) ? entry.symbol.valueHash : 0;
    if (valueHash !== expected) actual.set(entry, valueHash);
  }
  return actual;
}

function plusAll(sums: Syndromes, symbols: readonly Symbol[]): Syndromes {
  const all = sums.slice();
  for (const symbol of symbols) addSymbol(all, symbol);
  return all;
}

/**
 * The entries of a host that nothing expects: with its direct routes, and without, since those that
 * lead to no pods are in no digest.
 */
function* ghostSymbolsOf(
  { holdings }: Reference,
  { names }: Codebook,
): Generator<readonly Symbol[]> {
  const ofOverlay = holdings.flatMap((held) =>
    TABLES.flatMap((table) => symbolsIn(held, table, names)),
  );
  const direct = holdings.flatMap((held) => symbolsIn(held, 'direct', names));
  yield [...ofOverlay, ...direct];
  if (direct.length > 0) yield ofOverlay;
}

function symbolsIn(
  holdings: Holdings,
  table: DigestTable,
  expected: ReadonlySet<string>,
): readonly Symbol[] {
  const held = [...(holdings[table] ?? [])].filter(([key]) => !expected.has(nameOf(table, key)));
  return held.flatMap(([, entries]) => entries.flatMap((entry) => symbolOf(table, entry) ?? []));
}
