import { ALPHABET, BUCKETS, PRIME, SYNDROME_DIGITS, SYNDROMES } from '../../contract/digest.ts';
import type { Digest } from '../overlay.ts';
import { wholeNumber, type Words } from './words.ts';

const SUMS = BUCKETS * SYNDROMES;

/** The value of a character by its code; others than ASCII are in no answer. */
const DIGIT_VALUES = Array.from({ length: 128 }, (_, code) =>
  ALPHABET.indexOf(String.fromCharCode(code)),
);

/** `<neighbours> <fdb> <routes> <direct routes> <orphans> <sums>`, or undefined for anything else. */
export function readSums(words: Words): Pick<Digest, 'sums' | 'counts' | 'orphans'> | undefined {
  const [neighbour, fdb, route, direct, orphans] = words.slice(0, 5).map(wholeNumber);
  const sums = words.length === 6 ? sumsOf(words[5] ?? '') : undefined;
  const isWhole =
    neighbour !== undefined &&
    fdb !== undefined &&
    route !== undefined &&
    direct !== undefined &&
    orphans !== undefined &&
    sums !== undefined;
  return isWhole ? { sums, counts: { neighbour, fdb, route, direct }, orphans } : undefined;
}

function sumsOf(text: string): Int32Array | undefined {
  if (text.length !== SUMS * SYNDROME_DIGITS) return undefined;
  const sums = new Int32Array(SUMS);
  for (let at = 0; at < SUMS; at++) {
    let sum = 0;
    for (let digit = 0; digit < SYNDROME_DIGITS; digit++) {
      const value = DIGIT_VALUES[text.charCodeAt(at * SYNDROME_DIGITS + digit)] ?? -1;
      if (value < 0) return undefined;
      sum = sum * ALPHABET.length + value;
    }
    if (sum >= PRIME) return undefined;
    sums[at] = sum;
  }
  return sums;
}
