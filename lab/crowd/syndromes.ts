import {
  ALPHABET,
  BUCKETS,
  PRIME,
  SYNDROME_DIGITS,
  SYNDROMES,
} from '../../shared/contract/digest.ts';
import type { DigestSymbol } from './symbols.ts';

/**
 * Sums of symbols, a number for each syndrome, bucket by bucket. They are linear: what a host holds
 * is what all hold, less its own and what it has lost, and with what it holds besides. So a host's
 * digest costs as much as it differs.
 */
export type Syndromes = Float64Array;

export function noSyndromes(): Syndromes {
  return new Float64Array(BUCKETS * SYNDROMES);
}

export function add(sums: Syndromes, { bucket, shares }: DigestSymbol): void {
  for (let j = 0; j < SYNDROMES; j++) change(sums, bucket * SYNDROMES + j, shares[j] ?? 0);
}

export function subtract(sums: Syndromes, { bucket, shares }: DigestSymbol): void {
  for (let j = 0; j < SYNDROMES; j++) change(sums, bucket * SYNDROMES + j, -(shares[j] ?? 0));
}

export function addAll(sums: Syndromes, others: Syndromes): void {
  for (let at = 0; at < sums.length; at++) change(sums, at, others[at] ?? 0);
}

export function subtractAll(sums: Syndromes, others: Syndromes): void {
  for (let at = 0; at < sums.length; at++) change(sums, at, -(others[at] ?? 0));
}

/** Both are less than the prime: one step brings the sum back among the remainders. */
function change(sums: Syndromes, at: number, by: number): void {
  const sum = (sums[at] ?? 0) + by;
  sums[at] = sum >= PRIME ? sum - PRIME : sum < 0 ? sum + PRIME : sum;
}

/** The digits of each bucket's syndromes. */
export function spellBuckets(sums: Syndromes): readonly string[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => spellBucket(sums, bucket));
}

/** As `spellBuckets`; buckets that are as those of `like` are not spelled again. */
export function spellLike(
  sums: Syndromes,
  like: { readonly sums: Syndromes; readonly buckets: readonly string[] },
): string {
  return like.buckets
    .map((text, bucket) =>
      isSameBucket(sums, like.sums, bucket) ? text : spellBucket(sums, bucket),
    )
    .join('');
}

function isSameBucket(one: Syndromes, other: Syndromes, bucket: number): boolean {
  for (let at = bucket * SYNDROMES; at < (bucket + 1) * SYNDROMES; at++) {
    if (one[at] !== other[at]) return false;
  }
  return true;
}

function spellBucket(sums: Syndromes, bucket: number): string {
  const digits: string[] = [];
  for (const syndrome of sums.subarray(bucket * SYNDROMES, (bucket + 1) * SYNDROMES)) {
    for (let place = SYNDROME_DIGITS - 1; place >= 0; place--) {
      digits.push(ALPHABET.charAt((syndrome >>> (6 * place)) & 63));
    }
  }
  return digits.join('');
}
