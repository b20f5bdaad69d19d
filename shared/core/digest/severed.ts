import { TABLES } from '../../contract/causes.ts';
import type { Vtep } from '../overlay/vtep.ts';
import type { Codebook } from './codebook.ts';
import { type Actual, type Explanation, weightIn } from './explain.ts';

/**
 * The subjects for which a host holds no entry; empty where it did not show all tables. An explanation
 * that many hosts share is evaluated once.
 */
export function severedBy(
  book: Codebook,
  subjects: readonly Vtep[],
): (explanation: Explanation) => ReadonlySet<string> {
  const checked = new Set(subjects);
  const known = new Map<Actual, ReadonlySet<string>>();
  return (explanation) => {
    if (!TABLES.every((table) => explanation.model.tables.has(table))) return NOBODY;
    const severed = known.get(explanation.actual) ?? severedOf(explanation, checked, book);
    known.set(explanation.actual, severed);
    return severed;
  };
}

const NOBODY: ReadonlySet<string> = new Set();

function severedOf(
  explanation: Explanation,
  checked: ReadonlySet<Vtep>,
  { byVtep }: Codebook,
): ReadonlySet<string> {
  const vteps = new Set([...explanation.actual.keys()].map(({ vtep }) => vtep)).intersection(
    checked,
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
