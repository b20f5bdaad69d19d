import type { DigestTable } from '../../contract/digest.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import { isExpected, type Model, throughOverlay } from './models.ts';
import { addSymbol, noSyndromes, removeSymbol, type Syndromes } from './syndromes.ts';

/** The digest of a host that holds all that it should. */
interface HealthyDigest {
  readonly sums: Syndromes;
  readonly counts: Readonly<Record<DigestTable, number>>;
}

export type HealthyDigests = (observer: string, model: Model) => HealthyDigest;

/**
 * Digests are sums, so that every host's comes from one that is made once for all: less what the host
 * itself has no entry for, its own VTEP.
 */
export function healthyDigests(book: Codebook): HealthyDigests {
  const everybody = new Map<string, HealthyDigest>();
  const ofEverybody = (model: Model): HealthyDigest => {
    const known = everybody.get(model.name);
    if (known !== undefined) return known;
    const all =
      model.direct.size === 0
        ? changed(NOTHING, { more: book.entries.filter((entry) => isExpected(entry, model)) })
        : rerouted(ofEverybody(throughOverlay(model)), model, book);
    everybody.set(model.name, all);
    return all;
  };
  return (observer, model) => {
    const own = (book.byNode.get(observer) ?? []).filter((entry) => isExpected(entry, model));
    return changed(ofEverybody(model), { less: own });
  };
}

const NOTHING: HealthyDigest = {
  sums: noSyndromes(),
  counts: { neighbour: 0, fdb: 0, route: 0, direct: 0 },
};

/** Of thousands of nodes only those of one subnet are reached in another way. */
function rerouted(overlay: HealthyDigest, model: Model, { byVtep }: Codebook): HealthyDigest {
  const entries = [...model.direct].flatMap((vtep) => byVtep.get(vtep) ?? []);
  return changed(overlay, {
    more: entries.filter((entry) => isExpected(entry, model)),
    less: entries.filter((entry) => isExpected(entry, throughOverlay(model))),
  });
}

function changed(
  { sums: before, counts: counted }: HealthyDigest,
  { more = [], less = [] }: Readonly<Partial<Record<'more' | 'less', readonly ExpectedEntry[]>>>,
): HealthyDigest {
  const sums = before.slice();
  const counts = { ...counted };
  for (const { wanted, symbol } of more) {
    addSymbol(sums, symbol);
    counts[wanted.table] += 1;
  }
  for (const { wanted, symbol } of less) {
    removeSymbol(sums, symbol);
    counts[wanted.table] -= 1;
  }
  return { sums, counts };
}
