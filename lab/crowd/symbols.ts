/** Entries as the digest sees them: shared/contract/digest.ts. */
import {
  BUCKETS,
  DIGEST_TABLES,
  LOCATORS,
  MULTIPLIER,
  PRIME,
  SEED,
  SYNDROMES,
  TWIST,
} from '../../shared/contract/digest.ts';
import type { Entry } from './entries.ts';

export interface DigestSymbol {
  readonly bucket: number;
  /** What it adds to each of its bucket's syndromes. */
  readonly shares: readonly number[];
}

/** Undefined for a neighbour without a MAC, which is no symbol. */
export function symbolOf(entry: Entry): DigestSymbol | undefined {
  const value = valueWords(entry);
  if (value === undefined) return undefined;
  const k = placeOf(entry);
  const locator = 1 + (Math.floor(k / BUCKETS) % LOCATORS);
  let share = 1 + (finish(fold(k, value)) % (PRIME - 1));
  const shares: number[] = [];
  for (let j = 0; j < SYNDROMES; j++) {
    shares.push(share);
    share = (share * locator) % PRIME;
  }
  return { bucket: k % BUCKETS, shares };
}

/** The k of an entry, by its key: it tells its bucket, and its page of `tables`. */
export function placeOf(entry: Entry): number {
  return finish(fold(SEED * DIGEST_TABLES[entry.table] + 1, keyWords(entry)));
}

function keyWords(entry: Entry): readonly number[] {
  switch (entry.table) {
    case 'neighbour':
      return ipWords(entry.ip);
    case 'fdb':
      return macWords(entry.mac);
    case 'route': {
      const [network = '', length] = entry.destination.split('/');
      return [...ipWords(network), Number(length)];
    }
  }
}

function valueWords(entry: Entry): readonly number[] | undefined {
  switch (entry.table) {
    case 'neighbour':
      return entry.mac === undefined
        ? undefined
        : [...macWords(entry.mac), entry.state === 'PERMANENT' ? 1 : 0];
    case 'fdb':
      return ipWords(entry.destination);
    case 'route':
      return ipWords(entry.gateway);
  }
}

function ipWords(ip: string): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function macWords(mac: string): readonly number[] {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = octets;
  return [a * 256 + b, c * 256 + d, e * 256 + f];
}

function fold(start: number, words: readonly number[]): number {
  return words.reduce((hash, word) => (hash * MULTIPLIER + word) % PRIME, start);
}

function finish(hash: number): number {
  return (hash * (1 + (hash % TWIST))) % PRIME;
}
