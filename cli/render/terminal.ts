import { USUAL_COLUMNS } from './matrix.ts';

/** Narrower than this, no name has room; what reports less is taken for this. */
const NARROWEST = 40;

/** How many columns standard output has: those of its terminal, else those that COLUMNS says, else 80. */
export function columnsOf({ columns }: { readonly columns?: number }, stated?: string): number {
  const said = stated !== undefined && /^[1-9]\d{0,3}$/.test(stated) ? Number(stated) : undefined;
  return Math.max(NARROWEST, columns ?? said ?? USUAL_COLUMNS);
}
