import { TABLES } from '../../contract/causes.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { Codebook } from './codebook.ts';
import { type Actual, type Explanation, weightIn } from './explain.ts';

/**
 * The subjects of which a host holds nothing; none where it did not show all tables. Explanations that
 * many hosts share are looked at once.
 */
export function severedBy(
  book: Codebook,
  subjects: readonly Vtep[],
): (explanation: Explanation) => ReadonlySet<string> {
  const judged = new Set(subjects);
  const known = new Map<Actual, ReadonlySet<string>>();
  return (explanation) => {
    if (!TABLES.every((table) => explanation.model.tables.has(table))) return NOBODY;
    const severed = known.get(explanation.actual) ?? severedOf(explanation, judged, book);
    known.set(explanation.actual, severed);
    return severed;
  };
}

const NOBODY: ReadonlySet<string> = new Set();

function severedOf(
  explanation: Explanation,
  judged: ReadonlySet<Vtep>,
  { byVtep }: Codebook,
): ReadonlySet<string> {
  const vteps = new Set([...explanation.actual.keys()].map(({ vtep }) => vtep)).intersection(
    judged,
  );
  return new Set(
    [...vteps].filter((vtep) => isSevered(vtep, explanation, byVtep)).map(({ node }) => node),
  );
}

function isSevered(vtep: Vtep, explanation: Explanation, byVtep: Codebook['byVtep']): boolean {
  const entries = byVtep.get(vtep) ?? [];
  const ofOverlay = entries.filter(({ wanted }) => wanted.table !== 'direct');
  return (
    ofOverlay.length === TABLES.length &&
    entries.every((entry) => weightIn(explanation, entry) === 0)
  );
}
