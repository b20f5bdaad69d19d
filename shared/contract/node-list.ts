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

/** The checksum of a bucket: the sum of its lines' hashes, in whatever order they come. */
export function bucketChecksum(lines: Iterable<string>): string {
  let sum = 0;
  for (const line of lines) sum = (sum + hashOf(line)) % PRIME;
  let digits = '';
  for (let digit = 0; digit < NODE_CHECKSUM_DIGITS; digit++) {
    digits = `${ALPHABET[sum % ALPHABET.length]}${digits}`;
    sum = Math.floor(sum / ALPHABET.length);
  }
  return digits;
}

/** Exact in doubles: no product reaches 2^53. A line is ASCII. */
function hashOf(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = (FACTOR * hash + text.charCodeAt(at)) % PRIME;
  return (hash * (1 + (hash % TWIST))) % PRIME;
}
