import { withoutUnusedFdb } from '../digest/unused-fdb.ts';
import type { Digested } from '../digest/explain.ts';
import { readDigests } from '../digest/readings.ts';
import type { Reference } from '../digest/references.ts';
import { severedBy } from '../digest/severed.ts';
import { ghostsBy } from '../digest/ghosts.ts';
import type { Member, ObservedHost } from '../members/member.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';
import { holdingsOf } from '../overlay/holdings.ts';
import { cellsOfDigest, suspectsBy } from './digest-cells.ts';
import { CELLS_OF_ROW, NOTHING_SEEN, type Seen, severedIn } from './seen.ts';
import { sidesOf } from './sides.ts';

/** What the digests of a run say, as cells. */
interface SeenInDigests {
  /** Undefined of a host that showed its tables, or did not answer. */
  seenBy(member: Member): Seen | undefined;
  readonly unexplained: readonly (readonly string[])[];
}

/** What the digests are compared with. */
interface Judged {
  /** Whatever peers may rightly hold entries for. */
  readonly vteps: readonly Vtep[];
  /** Those of them that are judged. */
  readonly subjects: readonly Vtep[];
  readonly profile: Profile;
}

export function digestsOf(
  members: readonly Member[],
  { vteps, subjects, profile }: Judged,
): SeenInDigests {
  const digested = members.flatMap((member) =>
    member.observed !== undefined && isDigested(member.observed) ? (digestedBy(member) ?? []) : [],
  );
  if (digested.length === 0) return { seenBy: () => undefined, unexplained: [] };
  const references = members.flatMap((member) => referenceOf(member, profile) ?? []);
  const { explained, unexplained, book, healthy, valuesOf } = readDigests(digested, vteps, {
    members,
    references,
    profile,
  });
  const spelling = { book, valuesOf, profile, suspectsOf: suspectsBy(subjects) };
  const ghostsOf = ghostsBy(book, healthy);
  const severed = severedBy(book, subjects);
  const isApart =
    sidesOf(new Map([...explained].map(([node, one]) => [node, severed(one)]))) !== undefined;
  const whole = [...explained.values()].filter(({ lost }) => isApart || lost.size > 0).length;
  const cellsOfWhole = Math.min(
    CELLS_OF_ROW,
    Math.max(FEWEST_CELLS_OF_ROW, Math.floor(CELLS_OF_WHOLE_ROWS / whole)),
  );
  const cellsOfSevered = Math.max(CELLS_OF_ROW, Math.floor(CELLS / digested.length));
  return {
    seenBy: ({ node, observed }) => {
      if (observed?.digest === undefined || !isDigested(observed)) return undefined;
      const explanation = explained.get(node);
      if (explanation === undefined) return NOTHING_SEEN;
      const { lost, model } = explanation;
      const devices = observed.tables.devices ?? [];
      const isWhole = lost.size > 0 || (isApart && severed(explanation).size > CELLS_OF_ROW);
      const most = isWhole ? cellsOfWhole : cellsOfSevered;
      const cells = cellsOfDigest({ observer: node, devices }, explanation, { ...spelling, most });
      const isSample = cells.length === most;
      return {
        shown: model.tables,
        ghosts: ghostsOf(node, observed.digest, explanation),
        cells,
        lost: isSample ? lost : NOTHING_SEEN.lost,
        severed: isApart || isSample ? severed(explanation) : severedIn(cells),
      };
    },
    unexplained,
  };
}

/** Where very many rows are lost as a whole, fewer cells stand for each. */
const CELLS_OF_WHOLE_ROWS = 50_000;
const FEWEST_CELLS_OF_ROW = 10;

/**
 * Cells of a whole matrix, some 300 MB of them. Only where thousands of hosts each hold nothing of
 * hundreds, and are no two sides of a partition, is a row cut short by it.
 */
const CELLS = 300_000;

/** Whoever was read in full has said more than its digest. */
function isDigested({ digest, inFull }: ObservedHost): boolean {
  return digest !== undefined && !inFull;
}

/** A host has one underlay address a family; the subnets of one that claims more are of no use. */
const SUBNETS = 4;

function digestedBy({ node, observed }: Member): Digested | undefined {
  if (observed?.digest === undefined) return undefined;
  const { subnets, ...digest } = observed.digest;
  const isDirect = digest.counts.direct > 0 && subnets.length <= SUBNETS;
  return { ...digest, node, subnets: isDirect ? subnets : [] };
}

function referenceOf(member: Member, profile: Profile): Reference | undefined {
  const { node, observed } = member;
  const digested = digestedBy(member);
  if (observed === undefined || digested === undefined || isDigested(observed)) return undefined;
  const { ipv4, ipv6 } = holdingsOf(node, withoutUnusedFdb(observed.tables), profile);
  return { digested, holdings: [ipv4, ipv6] };
}
