import { TABLES, type Table } from '../../contract/causes.ts';
import type { DigestTable } from '../../contract/digest.ts';
import type { Codebook, ExpectedEntry } from '../digest/codebook.ts';
import { type Actual, type Explanation, weightIn } from '../digest/explain.ts';
import type { Values } from '../digest/values.ts';
import type { Device, Vtep } from '../overlay/vtep.ts';
import type { Profile } from '../overlay/profile.ts';
import { ownDevice } from '../members/own-device.ts';
import { onDevice } from '../overlay/holdings.ts';
import { type Cell, type Held, mergeCells, type WrongEntry } from './cells.ts';

/** What cells are made of where a host answered with a digest. */
interface Spelling {
  readonly book: Codebook;
  readonly valuesOf: (entry: ExpectedEntry) => Values;
  readonly profile: Profile;
  readonly suspectsOf: SuspectsOf;
}

/**
 * The cells of one observer in which its digest, explained, says that something is wrong: `most` of
 * them at least, where there are as many.
 */
export function cellsOfDigest(
  { observer, devices }: { readonly observer: string; readonly devices: readonly Device[] },
  explanation: Explanation,
  { most, ...spelling }: Spelling & { readonly most: number },
): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const vtep of spelling.suspectsOf(explanation)) {
    if (vtep.node === observer) continue;
    if (cells.size >= most && !cells.has(vtep.node)) break;
    const device = ownDevice(devices, vtep.family)?.name ?? spelling.profile.devices[vtep.family];
    const cell = cellOfVtep({ observer, device, vtep }, explanation, spelling);
    if (cell === undefined) continue;
    const sibling = cells.get(vtep.node);
    cells.set(vtep.node, sibling === undefined ? cell : mergeCells(sibling, cell));
  }
  return [...cells.values()];
}

/** The subjects of which an observer may hold something wrong, in the order of all. */
type SuspectsOf = (explanation: Explanation) => Iterable<Vtep>;

/** Explanations that many hosts share are looked at once. */
export function suspectsBy(subjects: readonly Vtep[]): SuspectsOf {
  const ranks = new Map(subjects.map((vtep, rank) => [vtep, rank]));
  const rankOf = (vtep: Vtep): number => ranks.get(vtep) ?? Infinity;
  const known = new Map<Actual, readonly Vtep[]>();
  return ({ lost, actual }) => {
    if (lost.size > 0) return subjects;
    const suspects =
      known.get(actual) ??
      [...new Set([...actual.keys()].map(({ vtep }) => vtep))]
        .filter((vtep) => ranks.has(vtep))
        .toSorted((one, two) => rankOf(one) - rankOf(two));
    known.set(actual, suspects);
    return suspects;
  };
}

interface Place {
  readonly observer: string;
  readonly device: string;
  readonly vtep: Vtep;
}

function cellOfVtep(
  { observer, device, vtep }: Place,
  explanation: Explanation,
  { book, valuesOf }: Spelling,
): Cell | undefined {
  const entries = book.byVtep.get(vtep) ?? [];
  const look = (table: DigestTable): Found => {
    const entry = entries.find(({ wanted }) => wanted.table === table);
    return entry === undefined
      ? UNKNOWN
      : foundBy(entry, { weight: weightIn(explanation, entry), values: valuesOf(entry), device });
  };
  // Who is reached directly needs nothing of the overlay.
  if (look('direct').held === 'right') return undefined;
  const found = new Map(
    TABLES.map((table) => [table, explanation.model.tables.has(table) ? look(table) : UNKNOWN]),
  );
  const heldIn = (table: Table): Held => found.get(table)?.held ?? 'unknown';
  const isWrong = (table: Table): boolean =>
    heldIn(table) !== 'right' && heldIn(table) !== 'unknown';
  const wrong = entries.flatMap(({ wanted }): readonly WrongEntry[] =>
    wanted.table === 'direct' || !isWrong(wanted.table)
      ? []
      : [{ wanted: onDevice(wanted, device), found: found.get(wanted.table)?.text ?? '' }],
  );
  if (wrong.length === 0) return undefined;
  const route = heldIn('route');
  return {
    observer,
    subject: vtep.node,
    state: {
      neighbour: heldIn('neighbour'),
      fdb: heldIn('fdb'),
      route: route === 'changed' ? 'absent' : route,
    },
    entries: wrong,
  };
}

interface Found {
  readonly held: Held;
  readonly text: string;
}

const UNKNOWN: Found = { held: 'unknown', text: '' };
const RIGHT: Found = { held: 'right', text: '' };

function foundBy(
  { symbol }: ExpectedEntry,
  {
    weight,
    values,
    device,
  }: {
    readonly weight: number;
    readonly values: Values;
    readonly device: string;
  },
): Found {
  if (weight === symbol.weight) return RIGHT;
  const value = values.get(weight);
  if (value !== undefined) {
    return value.held === 'right' ? RIGHT : { held: value.held, text: value.text(device) };
  }
  // What another VTEP of the same address rightly has there is no value of this one's.
  return { held: weight === 0 ? 'absent' : 'changed', text: '' };
}
