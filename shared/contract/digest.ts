/**
 * The digest: what a host's tables hold, in 1,280 characters whatever their size.
 *
 * Each entry that counts becomes a symbol: a place, told by its table and key, and a weight, told by
 * its value as well. The sixteen syndromes of a bucket are sums of its symbols' weights times powers
 * of their locators, so that the digest of a union is the sum of the digests; up to eight entries a
 * bucket in which two hosts differ can be told from the difference of their digests. The script's
 * `digest.sh` adds up; `shared/core/digest` subtracts and explains.
 *
 * Arithmetic is modulo `PRIME`, and every product stays below 2^53: exact in the doubles of every
 * awk and of JavaScript.
 *
 *     mix(h, x)      = (h * MULTIPLIER + x) mod PRIME
 *     finish(h)      = (h * (1 + h mod TWIST)) mod PRIME
 *     fold(h, words) = mix over all words, in their order
 *
 *     k        = finish(fold(SEED * number of the table + 1, key words))
 *     bucket   = k mod BUCKETS
 *     locator  = 1 + floor(k / BUCKETS) mod LOCATORS
 *     weight   = 1 + finish(fold(k, value words)) mod (PRIME - 1)
 *     syndrome = sum over the bucket's symbols of weight * locator^j mod PRIME, j from 0
 *
 * Words are numbers below 65,536. An IPv4 address is two, an IPv6 address eight, a MAC its pairs of
 * octets (an odd last octet is a word of its own).
 *
 * What becomes a symbol are the records N with a MAC, F and R of the action `tables`, but for
 *
 * - orphans: FDB entries whose MAC no neighbour entry holds, while another entry for the same
 *   destination has a MAC that one does. Flannel before 0.24.1 leaves one behind each time a peer
 *   boots, since the peer comes back with a new MAC. They are counted only. Where the neighbours
 *   could not be read there are none.
 * - direct routes outside the pod network of their family, as far as
 *   `/run/flannel/subnet.env` has it: routes of the company's own that other devices have.
 * - the entries of a table that could not be read.
 *
 * Equal entries are added up as often as they are there.
 */

/** 2^30 - 35. */
export const PRIME = 1_073_741_789;

export const BUCKETS = 16;

/** Syndromes a bucket: with sixteen, eight differing symbols can be told. */
export const SYNDROMES = 16;

export const MULTIPLIER = 6_700_417;

export const TWIST = 4_194_301;

/** How many locators there are, from 1 on: fewer than 2^23, so that locator times weight is exact. */
export const LOCATORS = 8_388_592;

export const SEED = 977;

/** The digits of a syndrome in base 64, the value of each its index. */
export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Each syndrome is this many digits, the most significant first. */
export const SYNDROME_DIGITS = 5;

/**
 * The tables by their numbers, which keep equal keys of several tables apart.
 *
 * | table     | key words                                               | value words                         |
 * | --------- | ------------------------------------------------------- | ----------------------------------- |
 * | neighbour | tunnel IP                                               | MAC, then 1 if PERMANENT, 0 if not  |
 * | fdb       | MAC                                                     | destination IP                      |
 * | route     | the destination's network address, then its prefix length | gateway                           |
 * | direct    | as of route                                             | gateway                             |
 *
 * A route is of an overlay device; a direct route is one of another device with a gateway.
 */
export const DIGEST_TABLES = { neighbour: 1, fdb: 2, route: 3, direct: 4 } as const;

export type DigestTable = keyof typeof DIGEST_TABLES;
