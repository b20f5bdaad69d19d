/**
 * The digest: 1,280 characters that stand for the tables of a host, whatever their size.
 *
 * Each entry becomes a symbol: a position (bucket and locator), which follows from its table and key,
 * and a value hash, which follows from table, key and value. The sixteen syndromes of a bucket are
 * sums over its symbols, of the value hash times powers of the locator. So the digest of a union of
 * tables is the sum of their digests, and from the difference of two digests one can compute up to
 * eight entries a bucket in which the two hosts differ. The script's `digest.sh` adds up;
 * `shared/core/digest` subtracts, and names the entries that differ.
 *
 * Arithmetic is modulo `PRIME`, and every product stays below 2^53: exact in the doubles of every
 * awk and of JavaScript.
 *
 *     mix(h, x)      = (h * MULTIPLIER + x) mod PRIME
 *     finish(h)      = (h * (1 + h mod TWIST)) mod PRIME
 *     fold(h, words) = mix over all words, in their order
 *
 *     k          = finish(fold(SEED * number of the table + 1, key words))
 *     bucket     = k mod BUCKETS
 *     locator    = 1 + floor(k / BUCKETS) mod LOCATORS
 *     value hash = 1 + finish(fold(k, value words)) mod (PRIME - 1)
 *     syndrome   = sum over the bucket's symbols of value hash * locator^j mod PRIME, j from 0
 *
 * Words are numbers below 65,536: two for an IPv4 address, eight for an IPv6 address, and for a MAC
 * one for each pair of octets (an odd last octet is a word of its own).
 *
 * The records N with a MAC, F and R of the action `tables` become symbols, each as often as the host
 * holds it. These do not:
 *
 * - Ghosts of the FDB: entries whose MAC no neighbour entry holds, while another entry for the same
 *   destination has a MAC that a neighbour entry does hold. flannel before 0.24.1 leaves one behind
 *   each time a peer boots, because the peer comes back with a new MAC. They are counted only. Where
 *   the neighbours could not be read, no entry is a ghost.
 * - Direct routes outside the pod network of their family, where flannel wrote that network to
 *   `/run/flannel/subnet.env`: they lead to other networks of the company.
 * - The entries of a table that could not be read.
 */

/** 2^30 - 35. */
export const PRIME = 1_073_741_789;

export const BUCKETS = 16;

/** Syndromes a bucket: sixteen are enough to compute eight symbols that differ. */
export const SYNDROMES = 16;

export const MULTIPLIER = 6_700_417;

export const TWIST = 4_194_301;

/** Locators go from 1 to this: fewer than 2^23, so that locator times value hash is exact. */
export const LOCATORS = 8_388_592;

export const SEED = 977;

/** The digits of a syndrome in base 64; the index of a digit is its value. */
export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Each syndrome has this many digits, the most significant first. */
export const SYNDROME_DIGITS = 5;

/**
 * The tables by their numbers, which give equal keys of different tables different positions.
 *
 * | table     | key words                                               | value words                         |
 * | --------- | ------------------------------------------------------- | ----------------------------------- |
 * | neighbour | tunnel IP                                               | MAC, then 1 if PERMANENT, 0 if not  |
 * | fdb       | MAC                                                     | destination IP                      |
 * | route     | the destination's network address, then its prefix length | gateway                           |
 * | direct    | as of route                                             | gateway                             |
 *
 * A route goes through an overlay device, a direct route through any other device, with a gateway.
 */
export const DIGEST_TABLES = { neighbour: 1, fdb: 2, route: 3, direct: 4 } as const;

export type DigestTable = keyof typeof DIGEST_TABLES;
