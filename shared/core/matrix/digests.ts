import { TABLES } from '../../contract/causes.ts';
import type { Codebook } from '../digest/codebook.ts';
import { type Actual, digestedBy, type Explanation, valueHashIn } from '../digest/explain.ts';
import { readDigests } from '../digest/read-digests.ts';
import { referenceOf } from '../digest/references.ts';
import type { DigestedHost, Member } from '../members/member.ts';
import type { Vtep } from '../overlay/vtep.ts';
import { cellSources, cellsOfDigest, directIn } from './digest-cells.ts';
import { ghostsInDigest } from './ghosts.ts';
import {
  CELLS_OF_ROW,
  type CheckedOverlay,
  NOTHING_SHOWN,
  type ShownRow,
  unheldIn,
} from './shown-row.ts';
import { sidesOf } from './sides.ts';

/** What the digests of a run show, as rows of the matrix. */
interface DigestRows {
  /** The row of one of the hosts that answered with a digest; an unexplained one shows nothing. */
  readonly rowOf: (node: string, host: DigestedHost) => ShownRow;
  readonly unexplained: readonly (readonly string[])[];
}

export function digestRows(
  members: readonly Member[],
  { vteps, subjects, profile }: CheckedOverlay,
): DigestRows {
  const digested = members.flatMap(({ node, observed }) =>
    observed?.kind === 'digest' ? [digestedBy(node, observed.digest)] : [],
  );
  if (digested.length === 0) return { rowOf: () => NOTHING_SHOWN, unexplained: [] };
  const references = members.flatMap((member) => referenceOf(member, profile) ?? []);
  const { explained, unexplained, book, healthy, valuesOf } = readDigests(digested, vteps, {
    members,
    references,
    profile,
  });
  const sources = cellSources(subjects, { book, valuesOf, profile });
  const ghostsOf = ghostsInDigest(book, healthy, profile);
  const unheldBy = unheldAmong(subjects, book);
  const cellsOfRow = rowLengths(explained, { hosts: digested.length, unheldBy });
  return {
    rowOf: (node, { digest, tables: { devices = [] } }) => {
      const explanation = explained.get(node);
      if (explanation === undefined) return NOTHING_SHOWN;
      const { lost, model } = explanation;
      const { most, isPartitioned } = cellsOfRow(explanation);
      const cells = cellsOfDigest({ observer: node, devices }, explanation, { ...sources, most });
      const isSample = cells.length === most;
      return {
        shown: model.tables,
        ghosts: ghostsOf(node, digest, explanation),
        cells,
        lost: isSample ? lost : NOTHING_SHOWN.lost,
        unknown: NOTHING_SHOWN.unknown,
        unheld: isPartitioned || isSample ? unheldBy(explanation) : unheldIn(cells),
        findDirect: directIn({ observer: node, devices }, explanation, sources),
      };
    },
    unexplained,
  };
}

/** The subjects for which a host holds no entry. */
type UnheldBy = (explanation: Explanation) => ReadonlySet<string>;

/** Where very many rows are lost as a whole, fewer cells stand for each. */
const CELLS_OF_WHOLE_ROWS = 50_000;
const FEWEST_CELLS_OF_ROW = 10;

/**
 * Cells of a whole matrix, some 300 MB of them. Only where thousands of hosts each hold nothing of
 * hundreds, and are no two sides of a partition, is a row cut short by it.
 */
const CELLS = 300_000;

/** How many cells stand for a row, and whether the cluster has fallen apart into two sides. */
function rowLengths(
  explained: ReadonlyMap<string, Explanation>,
  { hosts, unheldBy }: { readonly hosts: number; readonly unheldBy: UnheldBy },
): (explanation: Explanation) => { readonly most: number; readonly isPartitioned: boolean } {
  const unheld = new Map([...explained].map(([node, one]) => [node, unheldBy(one)]));
  const isPartitioned = sidesOf(unheld) !== undefined;
  const whole = [...explained.values()].filter(({ lost }) => isPartitioned || lost.size > 0).length;
  const cellsOfWhole = Math.min(
    CELLS_OF_ROW,
    Math.max(FEWEST_CELLS_OF_ROW, Math.floor(CELLS_OF_WHOLE_ROWS / whole)),
  );
  const cellsOfPart = Math.max(CELLS_OF_ROW, Math.floor(CELLS / hosts));
  return (explanation) => {
    const isWhole =
      explanation.lost.size > 0 || (isPartitioned && unheldBy(explanation).size > CELLS_OF_ROW);
    return { most: isWhole ? cellsOfWhole : cellsOfPart, isPartitioned };
  };
}

/** None where not all tables were shown. An explanation that many hosts share is evaluated once. */
function unheldAmong(subjects: readonly Vtep[], { byVtep }: Codebook): UnheldBy {
  const checked = new Set(subjects);
  const isUnheld = (vtep: Vtep, explanation: Explanation): boolean => {
    const entries = byVtep.get(vtep) ?? [];
    const ofOverlay = entries.filter(({ wanted }) => wanted.table !== 'direct');
    return (
      ofOverlay.length === TABLES.length &&
      entries.every((entry) => valueHashIn(explanation, entry) === 0)
    );
  };
  const known = new Map<Actual, ReadonlySet<string>>();
  return (explanation) => {
    const { actual, model } = explanation;
    if (!TABLES.every((table) => model.tables.has(table))) return NOTHING_SHOWN.unheld;
    const before = known.get(actual);
    if (before !== undefined) return before;
    const vteps = new Set([...actual.keys()].map(({ vtep }) => vtep)).intersection(checked);
    const unheld = new Set(
      [...vteps].filter((vtep) => isUnheld(vtep, explanation)).map(({ node }) => node),
    );
    known.set(actual, unheld);
    return unheld;
  };
}
