import { BUCKETS, PRIME, SYNDROMES } from '../../contract/digest.ts';
import { subtract } from './field.ts';
import type { Symbol } from './symbol.ts';

/** The sums of one digest: bucket 0's syndromes, then bucket 1's, and so on, each below the prime. */
export type Syndromes = Int32Array;

export function noSyndromes(): Syndromes {
  return new Int32Array(BUCKETS * SYNDROMES);
}

/** Adds a symbol to `sums`, in place: 25 million of them are summed in a run of 5,000 nodes. */
export function addSymbol(sums: Syndromes, { bucket, locator, valueHash }: Symbol): void {
  let term = valueHash;
  const end = (bucket + 1) * SYNDROMES;
  for (let at = bucket * SYNDROMES; at < end; at++) {
    sums[at] = ((sums[at] ?? 0) + term) % PRIME;
    // Below 2^30 times below 2^23: exact, without the two halves of `multiply`.
    term = (term * locator) % PRIME;
  }
}

/** Takes a symbol out of `sums`, in place. */
export function removeSymbol(sums: Syndromes, { valueHash, ...place }: Symbol): void {
  addSymbol(sums, { ...place, valueHash: subtract(0, valueHash) });
}

export function minus(one: Syndromes, two: Syndromes): Syndromes {
  return one.map((value, at) => subtract(value, two[at] ?? 0));
}

export function isZero(sums: Syndromes): boolean {
  return sums.every((value) => value === 0);
}

/** Whether two are the same in any bucket. Of unlike ones, one in 2^26 is by chance. */
export function shareABucket(one: Syndromes, two: Syndromes): boolean {
  for (let at = 0; at < one.length; at += SYNDROMES) {
    if (one[at] === two[at]) return true;
  }
  return false;
}
