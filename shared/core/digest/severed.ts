import { TABLES } from '../../contract/causes.ts';
import type { Vtep } from '../overlay.ts';
import type { Codebook } from './codebook.ts';
import { type Explanation, weightIn } from './explain.ts';

/** The nodes of which a host holds nothing. Explanations that many hosts share are looked at once. */
export function severedBy(book: Codebook): (explanation: Explanation) => ReadonlySet<string> {
  const known = new Map<Explanation['actual'], ReadonlySet<string>>();
  return (explanation) => {
    const severed = known.get(explanation.actual) ?? severedOf(explanation, book);
    known.set(explanation.actual, severed);
    return severed;
  };
}

function severedOf(explanation: Explanation, book: Codebook): ReadonlySet<string> {
  const vteps = new Set([...explanation.actual.keys()].map(({ vtep }) => vtep));
  return new Set([...vteps].filter((vtep) => isSevered(vtep, explanation, book)).map(nodeOf));
}

function isSevered(vtep: Vtep, explanation: Explanation, { byVtep }: Codebook): boolean {
  const entries = byVtep.get(vtep) ?? [];
  const ofOverlay = entries.filter(({ table }) => table !== 'direct');
  return (
    ofOverlay.length === TABLES.length &&
    entries.every((entry) => weightIn(explanation, entry) === 0)
  );
}

function nodeOf({ node }: Vtep): string {
  return node;
}
