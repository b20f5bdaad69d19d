import type { Digested } from '../digest/explain.ts';
import type { Reference } from '../digest/guesses.ts';
import { readDigests } from '../digest/readings.ts';
import { severedBy } from '../digest/severed.ts';
import { strangersBy } from '../digest/strangers.ts';
import type { Member, ObservedHost } from '../expect/member.ts';
import type { Vtep } from '../overlay.ts';
import { holdingsOf } from './cells.ts';
import { cellsOfDigest, suspectsBy } from './digest-cells.ts';
import { CELLS_OF_ROW, NOTHING_SEEN, type Seen, severedIn } from './seen.ts';
import { sidesOf } from './sides.ts';

/** What the digests of a run say, as cells. */
export interface SeenInDigests {
  /** Undefined of a host that showed its tables, or did not answer. */
  seenBy(member: Member): Seen | undefined;
  readonly unexplained: readonly (readonly string[])[];
}

export function digestsOf(members: readonly Member[], subjects: readonly Vtep[]): SeenInDigests {
  const digested = members.flatMap((member) =>
    member.observed !== undefined && isDigested(member.observed) ? (digestedBy(member) ?? []) : [],
  );
  if (digested.length === 0) return { seenBy: () => undefined, unexplained: [] };
  const references = members.flatMap((member) => referenceOf(member) ?? []);
  const { explained, unexplained, book, valuesOf } = readDigests(digested, subjects, {
    members,
    references,
  });
  const spelling = { book, valuesOf, suspectsOf: suspectsBy(book) };
  const strangers = strangersBy(book);
  const severed = severedBy(book);
  const isApart =
    sidesOf(new Map([...explained].map(([node, one]) => [node, severed(one)]))) !== undefined;
  return {
    seenBy: ({ node, observed }) => {
      if (observed?.digest === undefined || !isDigested(observed)) return undefined;
      const explanation = explained.get(node);
      if (explanation === undefined) return NOTHING_SEEN;
      const { lost, model } = explanation;
      const devices = observed.tables.devices ?? [];
      const stands = lost.size > 0 || isApart;
      const most = stands ? CELLS_OF_ROW : Infinity;
      const cells = cellsOfDigest({ observer: node, devices }, explanation, { ...spelling, most });
      return {
        shown: model.tables,
        ghosts: strangers(node, observed.digest, explanation),
        cells,
        lost: cells.length === CELLS_OF_ROW ? lost : NOTHING_SEEN.lost,
        severed: isApart ? severed(explanation) : severedIn(cells),
      };
    },
    unexplained,
  };
}

/** Whoever was read in full has said more than its digest. */
function isDigested({ digest, inFull }: ObservedHost): boolean {
  return digest !== undefined && !inFull;
}

function digestedBy({ node, observed }: Member): Digested | undefined {
  if (observed?.digest === undefined) return undefined;
  const { sums, tables, counts, subnets } = observed.digest;
  return { node, sums, tables, subnets: counts.direct === 0 ? [] : subnets };
}

function referenceOf(member: Member): Reference | undefined {
  const { node, observed } = member;
  const digested = digestedBy(member);
  if (observed === undefined || digested === undefined || isDigested(observed)) return undefined;
  return {
    digested,
    holdings: (['ipv4', 'ipv6'] as const).map((family) =>
      holdingsOf(node, observed.tables, family),
    ),
  };
}
