/**
 * The list of nodes as a master reports it: a line for each node (the records `node` and `unknown` of
 * `wire.ts`), and checksums of these lines by bucket. Equal lists have equal checksums, and a list that
 * changed differs in the buckets of the names that changed. The script has the same arithmetic in awk
 * (`probe/node-checksums.awk`), and a test compares the two.
 */

import { ALPHABET, PRIME, TWIST } from './digest.ts';

export const NODE_BUCKETS = 64;

/** Digits of `ALPHABET` for the checksum of a bucket. */
export const NODE_CHECKSUM_DIGITS = 5;

/**
 * A bucket has 64 leaves: of a list that is not short, the checksums of all leaves stand behind those of the
 * buckets. They show which few nodes of a bucket have changed.
 */
export const NODE_LEAVES = 4096;

/** Digits of `ALPHABET` for the checksum of a leaf, the last ones of its sum. */
export const LEAF_CHECKSUM_DIGITS = 4;

/** Up to so many nodes, the whole list stands behind the checksums. */
export const WHOLE_LIST_NODES = 50;

/** Internal addresses of a node that are listed. A node with more is unknown. */
export const LISTED_ADDRESSES = 16;

/**
 * Nodes that an answer to `nodes-part` should have on average, to fit in the 24,000 characters that
 * Systems Manager returns. Packed, a dual-stack node with all fields takes 114 of them, and some buckets
 * have more nodes than others.
 */
export const PART_NODES = 160;

const FACTOR = 257;

/** The bucket of a name, from 0. */
export function bucketOf(name: string): number {
  return hashOf(name) % NODE_BUCKETS;
}

/** The leaf of a name, from 0. Its bucket is the remainder by `NODE_BUCKETS`. */
export function leafOf(name: string): number {
  return hashOf(name) % NODE_LEAVES;
}

/** The checksum of a bucket: the sum of its lines' hashes, in whatever order they come. */
export function bucketChecksum(lines: Iterable<string>): string {
  return digitsOf(sumOf(lines), NODE_CHECKSUM_DIGITS);
}

export function leafChecksum(lines: Iterable<string>): string {
  return digitsOf(sumOf(lines), LEAF_CHECKSUM_DIGITS);
}

/** The parameter `Wanted` for the nodes of some buckets. */
export function wantedBuckets(buckets: readonly number[]): string {
  return buckets.join(',');
}

/** The parameter `Wanted` for the nodes of some leaves. */
export function wantedLeaves(leaves: readonly number[]): string {
  return `${leaves.join(',')}/${NODE_LEAVES}`;
}

function sumOf(lines: Iterable<string>): number {
  let sum = 0;
  for (const line of lines) sum = (sum + hashOf(line)) % PRIME;
  return sum;
}

function digitsOf(sum: number, count: number): string {
  let digits = '';
  for (let left = sum; digits.length < count; left = Math.floor(left / ALPHABET.length)) {
    digits = `${ALPHABET[left % ALPHABET.length]}${digits}`;
  }
  return digits;
}

/** Exact in doubles: no product reaches 2^53. A line is ASCII. */
function hashOf(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = (FACTOR * hash + text.charCodeAt(at)) % PRIME;
  return (hash * (1 + (hash % TWIST))) % PRIME;
}
