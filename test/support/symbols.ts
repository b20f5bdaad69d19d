import type { DigestTable } from '../../shared/contract/digest.ts';
import { type Symbol, symbolOf, type SymbolSource } from '../../shared/core/digest/symbol.ts';

/** The symbol of an entry that has one. */
export function symbolFor(table: DigestTable, entry: SymbolSource): Symbol {
  const symbol = symbolOf(table, entry);
  if (symbol === undefined) throw new Error(`no symbol: ${table} ${entry.key} ${entry.value}`);
  return symbol;
}
