import { PRIME } from '../../contract/digest.ts';

/**
 * Arithmetic in GF(p), the whole numbers below the prime of the digest. Everything here is exact in
 * doubles: a product of two elements would need 60 bits, so it is made in two halves.
 */

const HALF_BITS = 15;
const HALF = 2 ** HALF_BITS;

export function add(a: number, b: number): number {
  const sum = a + b;
  return sum >= PRIME ? sum - PRIME : sum;
}

export function subtract(a: number, b: number): number {
  return a >= b ? a - b : a - b + PRIME;
}

export function multiply(a: number, b: number): number {
  const high = (a * (b >>> HALF_BITS)) % PRIME;
  return (high * HALF + a * (b & (HALF - 1))) % PRIME;
}

export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** Of every element but zero (Fermat). */
export function inverse(a: number): number {
  return power(a, PRIME - 2);
}
