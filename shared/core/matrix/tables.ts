import { TABLES } from '../../contract/causes.ts';
import type { ReadHost } from '../members/member.ts';
import type { DirectEntry, WantedEntry } from '../overlay/entries.ts';
import {
  type Found,
  type Holdings,
  holdingsOf,
  type WantedEntries,
  wantedFor,
  compare,
} from '../overlay/holdings.ts';
import { shownBy, type Vtep } from '../overlay/vtep.ts';
import { remember } from '../remember.ts';
import { type Cell, cellOf, mergeCells, UNKNOWN } from './cells.ts';
import { ghostsInTables } from './ghosts.ts';
import { type CheckedOverlay, NOTHING_SHOWN, type ShownRow, unheldIn } from './shown-row.ts';

/** The rows of hosts that answered with their tables. */
export function tableRows({
  vteps,
  subjects,
  profile,
}: CheckedOverlay): (node: string, host: ReadHost) => ShownRow {
  const wantedEntries = subjects.map((vtep) => wantedFor(vtep, profile));
  const ghostsOf = ghostsInTables(vteps, profile);
  const directOf = remember((vtep: Vtep) => wantedFor(vtep, profile).direct);
  return (node, { tables }) => {
    const shown = shownBy(tables);
    if (shown.size === 0) return NOTHING_SHOWN;
    const holdings = holdingsOf(node, tables, profile);
    const cells = new Map<string, Cell>();
    const unknown = new Set<string>();
    for (const wanted of wantedEntries) {
      if (wanted.node === node) continue;
      if (isUnknown(holdings[wanted.family], wanted)) unknown.add(wanted.node);
      const cell = cellOfTables(holdings[wanted.family], wanted);
      if (cell === undefined) continue;
      const sibling = cells.get(wanted.node);
      cells.set(wanted.node, sibling === undefined ? cell : mergeCells(sibling, cell));
    }
    const wrong = [...cells.values()];
    return {
      ...NOTHING_SHOWN,
      shown,
      ghosts: ghostsOf(node, [holdings.ipv4, holdings.ipv6]),
      cells: wrong,
      unknown,
      unheld: unheldIn(wrong),
      findDirect: (vtep) => findDirectly(holdings[vtep.family], directOf(vtep)),
    };
  };
}

/** What an observer has in place of a direct route. */
export function findDirectly(held: Holdings, wanted: DirectEntry | undefined): Found {
  return wanted === undefined ? UNKNOWN : foundIn(held, wanted);
}

/** What is wrong in the cell of one subject, or undefined where nothing is. */
export function cellOfTables(held: Holdings, wanted: WantedEntries): Cell | undefined {
  const find = (entry: WantedEntry): Found => foundIn(held, entry);
  const cell = cellOf({ observer: held.node, device: held.device }, wanted, find);
  return cell !== undefined && mayRouteDirectly(held, wanted, cell) ? undefined : cell;
}

/** Whether some entry may be right or wrong, in a table that was understood in part. */
function isUnknown(held: Holdings, { overlay, direct }: WantedEntries): boolean {
  if (held.incomplete.size === 0) return false;
  const isDirect = direct !== undefined && foundIn(held, direct).held === 'right';
  return !isDirect && overlay.some((entry) => foundIn(held, entry).held === 'unknown');
}

/** In a table that was understood in part, a line that nobody understood may be the entry. */
function foundIn({ incomplete, ...held }: Holdings, entry: WantedEntry): Found {
  const { table } = entry;
  const index = held[table];
  if (index === undefined) return UNKNOWN;
  const found = compare(entry, index);
  const isPart = incomplete.has(table === 'direct' ? 'route' : table);
  return isPart && found.held === 'absent' && found.text === '' ? UNKNOWN : found;
}

/** A direct route stands alone: where it may be among what was not understood, nothing else is needed. */
function mayRouteDirectly(held: Holdings, { direct }: WantedEntries, { state }: Cell): boolean {
  const isOpen = direct !== undefined && held.incomplete.has('route');
  return isOpen && TABLES.every((table) => state[table] === 'absent' || state[table] === 'unknown');
}
