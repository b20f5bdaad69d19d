import type { ReadHost } from '../members/member.ts';
import {
  type Holdings,
  holdingsOf,
  type WantedEntries,
  wantedFor,
  compare,
} from '../overlay/holdings.ts';
import { shownBy } from '../overlay/vtep.ts';
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
  return (node, { tables }) => {
    const shown = shownBy(tables);
    if (shown.size === 0) return NOTHING_SHOWN;
    const holdings = holdingsOf(node, tables, profile);
    const cells = new Map<string, Cell>();
    for (const wanted of wantedEntries) {
      if (wanted.node === node) continue;
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
      unheld: unheldIn(wrong),
    };
  };
}

/** What is wrong in the cell of one subject, or undefined where nothing is. */
export function cellOfTables(held: Holdings, wanted: WantedEntries): Cell | undefined {
  return cellOf({ observer: held.node, device: held.device }, wanted, (entry) => {
    const index = held[entry.table];
    return index === undefined ? UNKNOWN : compare(entry, index);
  });
}
