import {
  BUCKETS,
  LOCATORS,
  MULTIPLIER,
  PRIME,
  SEED,
  DIGEST_TABLES,
  type DigestTable,
  TWIST,
} from '../../contract/digest.ts';
import { isMacAddress } from '../overlay/addresses.ts';

/**
 * An entry of a table, as the digest sums it up. Where it stands (`bucket` and `locator`) depends on
 * the table and the key alone, and what it says (`valueHash`) on the value as well: an entry that has
 * changed differs at its own place, and an absent one differs there by its whole value hash.
 */
export interface Symbol {
  readonly bucket: number;
  readonly locator: number;
  readonly valueHash: number;
}

/** The part of an entry that a symbol is made of. */
export interface SymbolSource {
  readonly key: string;
  readonly value: string | undefined;
  /** Of a neighbour entry: it is not PERMANENT. */
  readonly weak?: boolean;
}

/** Undefined where a digest has no symbol: of what has no value, or a MAC that is none. */
export function symbolOf(
  table: DigestTable,
  { key, value, weak = false }: SymbolSource,
): Symbol | undefined {
  if (value === undefined) return undefined;
  switch (table) {
    case 'neighbour':
      return isMacAddress(value)
        ? placed(table, wordsOfIp(key), [...wordsOfMac(value), weak ? 0 : 1])
        : undefined;
    case 'fdb':
      return isMacAddress(key) ? placed(table, wordsOfMac(key), wordsOfIp(value)) : undefined;
    case 'route':
    case 'direct':
      return placed(table, wordsOfCidr(key), wordsOfIp(value));
  }
}

function placed(table: DigestTable, key: readonly number[], value: readonly number[]): Symbol {
  const hash = finish(fold(SEED * DIGEST_TABLES[table] + 1, key));
  return {
    bucket: hash % BUCKETS,
    locator: 1 + (Math.floor(hash / BUCKETS) % LOCATORS),
    valueHash: 1 + (finish(fold(hash, value)) % (PRIME - 1)),
  };
}

function fold(start: number, words: readonly number[]): number {
  let hash = start;
  for (const word of words) hash = (hash * MULTIPLIER + word) % PRIME;
  return hash;
}

/** Without it, addresses that follow each other would have hashes that follow each other. */
function finish(hash: number): number {
  return (hash * (1 + (hash % TWIST))) % PRIME;
}

/** Words of 16 bits: two of an IPv4 address, eight of an IPv6 one. */
function wordsOfIp(ip: string): readonly number[] {
  if (!ip.includes(':')) {
    const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  }
  const [head = '', tail] = ip.split('::');
  const left = hexWords(head);
  const right = hexWords(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}

function hexWords(groups: string): readonly number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}

/** The network's address and the prefix length. */
function wordsOfCidr(cidr: string): readonly number[] {
  const [address = '', length] = cidr.split('/');
  return [...wordsOfIp(address), Number(length)];
}

/** Pairs of octets; an odd last one is a word of its own. */
function wordsOfMac(mac: string): readonly number[] {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  return octets.flatMap((octet, at) =>
    at % 2 === 1
      ? []
      : [octets[at + 1] === undefined ? octet : octet * 256 + (octets[at + 1] ?? 0)],
  );
}
