import type { Table } from '../../contract/causes.ts';
import type { DigestTable } from '../../contract/digest.ts';
import { type Cidr, isWithin } from '../addresses.ts';
import type { Vtep } from '../overlay.ts';
import type { Codebook, ExpectedEntry } from './codebook.ts';
import { addSymbol, minus, noSyndromes, type Syndromes } from './syndromes.ts';

/** Which of all entries an observer should hold. */
export interface Model {
  /** Tables that it showed; of another one its digest holds nothing. */
  readonly tables: ReadonlySet<Table>;
  /** With DirectRouting, the subnet in which it needs no overlay: undefined where it has none. */
  readonly subnet: Cidr | undefined;
}

/** The same for equal models. */
export function nameOf({ tables, subnet }: Model): string {
  return `${[...tables].join(' ')} ${subnet ?? ''}`;
}

/** In which of the three tables an entry stands, as a host shows them. */
export const SHOWN_IN = {
  neighbour: 'neighbour',
  fdb: 'fdb',
  route: 'route',
  direct: 'route',
} as const satisfies Readonly<Record<DigestTable, Table>>;

/** An entry of the overlay is for who is not reached directly, and a direct route for who is. */
export function isExpected({ vtep, table }: ExpectedEntry, model: Model): boolean {
  return model.tables.has(SHOWN_IN[table]) && (table === 'direct') === isDirect(vtep, model.subnet);
}

/** flannel asks the kernel whether a peer is on link (pkg/ip/iface.go, DirectRouting). */
function isDirect({ underlayIp }: Vtep, subnet: Cidr | undefined): boolean {
  return subnet !== undefined && underlayIp !== undefined && isWithin(underlayIp, subnet);
}

export type HealthyDigests = (observer: string, model: Model) => Syndromes;

/**
 * Digests of hosts that hold all that they should. Digests are sums, so that every host's comes from
 * one that is made once for all: less what the host itself has no entry for, its own VTEP.
 */
export function healthyDigests(book: Codebook): HealthyDigests {
  const everybody = new Map<string, Syndromes>();
  return (observer, model) => {
    const key = nameOf(model);
    const all = everybody.get(key) ?? sumOf(book.entries, model);
    everybody.set(key, all);
    return minus(all, sumOf(book.byNode.get(observer) ?? [], model));
  };
}

function sumOf(entries: readonly ExpectedEntry[], model: Model): Syndromes {
  const sums = noSyndromes();
  for (const entry of entries) {
    if (isExpected(entry, model)) addSymbol(sums, entry.symbol);
  }
  return sums;
}
