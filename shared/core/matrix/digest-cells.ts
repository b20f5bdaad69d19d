import type { Codebook, ExpectedEntry } from '../digest/codebook.ts';
import { type Actual, type Explanation, valueHashIn } from '../digest/explain.ts';
import type { KnownValues } from '../digest/values.ts';
import { ownDevice } from '../members/member.ts';
import { type Found, type WantedEntries, wantedFor } from '../overlay/holdings.ts';
import type { Profile } from '../overlay/profile.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import { remember } from '../remember.ts';
import { type Cell, cellOf, mergeCells, UNKNOWN } from './cells.ts';
import type { FindDirect } from './direct.ts';

/** What the cells of all digests are made of. */
interface CellSources {
  readonly book: Codebook;
  readonly valuesOf: (entry: ExpectedEntry) => KnownValues;
  readonly profile: Profile;
  /** The VTEPs whose cells may be wrong, in the order of all. */
  readonly suspectsOf: (explanation: Explanation) => Iterable<Vtep>;
  readonly wantedOf: (vtep: Vtep) => WantedEntries;
}

export function cellSources(
  subjects: readonly Vtep[],
  sources: Pick<CellSources, 'book' | 'valuesOf' | 'profile'>,
): CellSources {
  return {
    ...sources,
    suspectsOf: suspectsAmong(subjects),
    wantedOf: remember((vtep) => wantedFor(vtep, sources.profile)),
  };
}

/** Explanations that many hosts share are looked at once. */
function suspectsAmong(subjects: readonly Vtep[]): CellSources['suspectsOf'] {
  const ranks = new Map(subjects.map((vtep, rank) => [vtep, rank]));
  const rankOf = (vtep: Vtep): number => ranks.get(vtep) ?? Infinity;
  const named = remember((actual: Actual) =>
    [...new Set([...actual.keys()].map(({ vtep }) => vtep))]
      .filter((vtep) => ranks.has(vtep))
      .toSorted((one, two) => rankOf(one) - rankOf(two)),
  );
  return ({ lost, actual }) => (lost.size > 0 ? subjects : named(actual));
}

/** An observer of whose digest something is known, with its overlay devices. */
interface DigestObserver {
  readonly observer: string;
  readonly devices: readonly Device[];
}

/**
 * The cells of one observer in which its digest, explained, shows that something is wrong: `most` of
 * them at least, where there are as many.
 */
export function cellsOfDigest(
  { observer, devices }: DigestObserver,
  explanation: Explanation,
  { most, ...sources }: CellSources & { readonly most: number },
): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const vtep of sources.suspectsOf(explanation)) {
    if (vtep.node === observer) continue;
    if (cells.size >= most && !cells.has(vtep.node)) break;
    const device = ownDevice(devices, vtep.family)?.name ?? sources.profile.devices[vtep.family];
    const cell = cellOf({ observer, device }, sources.wantedOf(vtep), ({ table }) => {
      const isShown = table === 'direct' || explanation.model.tables.has(table);
      const entry = sources.book.byVtep.get(vtep)?.find(({ wanted }) => wanted.table === table);
      return entry === undefined || !isShown
        ? UNKNOWN
        : foundAt(entry, { explanation, device, values: sources.valuesOf(entry) });
    });
    if (cell === undefined) continue;
    const sibling = cells.get(vtep.node);
    cells.set(vtep.node, sibling === undefined ? cell : mergeCells(sibling, cell));
  }
  return [...cells.values()];
}

/** What its digest shows in place of the direct route of a VTEP. */
export function directIn(
  { devices }: DigestObserver,
  explanation: Explanation,
  { book, valuesOf, profile }: CellSources,
): FindDirect {
  return (vtep) => {
    const entry = book.byVtep.get(vtep)?.find(({ wanted }) => wanted.table === 'direct');
    if (entry === undefined || !explanation.model.tables.has('route')) return UNKNOWN;
    const device = ownDevice(devices, vtep.family)?.name ?? profile.devices[vtep.family];
    return foundAt(entry, { explanation, device, values: valuesOf(entry) });
  };
}

function foundAt(
  entry: ExpectedEntry,
  {
    explanation,
    device,
    values,
  }: {
    readonly explanation: Explanation;
    readonly device: string;
    readonly values: KnownValues;
  },
): Found {
  const valueHash = valueHashIn(explanation, entry);
  if (valueHash === entry.symbol.valueHash) return RIGHT;
  const value = values.get(valueHash);
  if (value !== undefined) {
    return value.held === 'right' ? RIGHT : { held: value.held, text: value.text(device) };
  }
  // What another VTEP of the same address rightly has there is no value of this one's.
  return { held: valueHash === 0 ? 'absent' : 'changed', text: '' };
}

const RIGHT: Found = { held: 'right', text: '' };
