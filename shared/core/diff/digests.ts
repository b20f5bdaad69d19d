import type { Digested } from '../digest/explain.ts';
import type { Reference } from '../digest/guesses.ts';
import { readDigests } from '../digest/readings.ts';
import { strangersBy } from '../digest/strangers.ts';
import type { Member, ObservedHost } from '../expect/member.ts';
import type { Vtep } from '../overlay.ts';
import { holdingsOf } from './cells.ts';
import { cellsOfDigest } from './digest-cells.ts';
import { NOTHING_SEEN, type Seen } from './seen.ts';

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
  const { explained, unexplained, ...spelling } = readDigests(digested, subjects, {
    members,
    references,
  });
  const strangers = strangersBy(spelling.book);
  return {
    seenBy: ({ node, observed }) => {
      if (observed?.digest === undefined || !isDigested(observed)) return undefined;
      const explanation = explained.get(node);
      if (explanation === undefined) return NOTHING_SEEN;
      const devices = observed.tables.devices ?? [];
      return {
        shown: explanation.model.tables,
        ghosts: strangers(node, observed.digest, explanation),
        cells: cellsOfDigest({ observer: node, devices }, explanation, spelling),
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
