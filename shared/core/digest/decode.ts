import { BUCKETS, LOCATORS, SYNDROMES } from '../../contract/digest.ts';
import { add, inverse, multiply, power, subtract } from './field.ts';
import { degreeOf, type Polynomial, rootsOf, valueAt, withoutRoot } from './polynomial.ts';
import type { Syndromes } from './syndromes.ts';

/** One position at which two digests differ: the expected hash less the one found. */
export interface Difference {
  readonly bucket: number;
  readonly locator: number;
  /** Never zero. */
  readonly valueHash: number;
}

/**
 * The differing symbols behind a difference of digests, or undefined where a bucket has more than
 * half as many of them as it has syndromes. `locators` are those expected in each bucket: they are tried
 * first, since that is quicker; others are found as well.
 */
export function decode(
  difference: Syndromes,
  locators: readonly (readonly number[])[],
): readonly Difference[] | undefined {
  const found: Difference[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const syndromes = difference.subarray(bucket * SYNDROMES, (bucket + 1) * SYNDROMES);
    if (syndromes.every((value) => value === 0)) continue;
    const decoded = decodeBucket([...syndromes], locators[bucket] ?? []);
    if (decoded === undefined) return undefined;
    found.push(...decoded.map(([locator, valueHash]) => ({ bucket, locator, valueHash })));
  }
  return found;
}

/** Sixteen syndromes determine up to eight symbols, each with two unknowns: position and hash. */
function decodeBucket(
  syndromes: readonly number[],
  expected: readonly number[],
): readonly (readonly [number, number])[] | undefined {
  const polynomial = locatorPolynomial(syndromes);
  if (polynomial === undefined) return undefined;
  const locators = locatorsOf(polynomial, expected);
  if (locators === undefined || !locators.every(isLocator)) return undefined;
  const hashes = valueHashesOf(polynomial, locators, syndromes);
  const isWhole = syndromes.every((syndrome, j) => syndrome === syndromeOf(locators, hashes, j));
  return isWhole ? locators.map((locator, at) => [locator, hashes[at] ?? 0]) : undefined;
}

/** Every entry has one. A root that is no locator comes from more symbols than can be decoded. */
function isLocator(root: number): boolean {
  return root > 0 && root <= LOCATORS;
}

/**
 * The monic polynomial whose roots are the locators: the shortest linear recurrence that the syndromes
 * obey (Berlekamp and Massey). Undefined where it is too long to be certain of.
 */
function locatorPolynomial(syndromes: readonly number[]): Polynomial | undefined {
  let current: number[] = [1];
  let before: number[] = [1];
  let length = 0;
  let shift = 1;
  let discrepancyBefore = 1;
  for (let n = 0; n < syndromes.length; n++) {
    let discrepancy = 0;
    for (let i = 0; i <= length; i++) {
      discrepancy = add(discrepancy, multiply(current[i] ?? 0, syndromes[n - i] ?? 0));
    }
    if (discrepancy === 0) {
      shift++;
      continue;
    }
    const factor = multiply(discrepancy, inverse(discrepancyBefore));
    const next = [...current];
    while (next.length < before.length + shift) next.push(0);
    before.forEach((coefficient, i) => {
      next[i + shift] = subtract(next[i + shift] ?? 0, multiply(factor, coefficient));
    });
    if (2 * length <= n) {
      length = n + 1 - length;
      if (2 * length > SYNDROMES) return undefined;
      [before, discrepancyBefore, shift] = [current, discrepancy, 1];
    } else {
      shift++;
    }
    current = next;
  }
  return Array.from({ length: length + 1 }, (_, at) => current[at] ?? 0);
}

function locatorsOf(
  polynomial: Polynomial,
  expected: readonly number[],
): readonly number[] | undefined {
  if (degreeOf(polynomial) === 1) return rootsOf(polynomial);
  const known: number[] = [];
  let rest = polynomial;
  for (const locator of expected) {
    if (degreeOf(rest) <= 1) break;
    if (valueAt(rest, locator) !== 0) continue;
    known.push(locator);
    rest = withoutRoot(rest, locator);
  }
  const others = rootsOf(rest);
  if (others === undefined) return undefined;
  const all = [...known, ...others];
  return new Set(all).size === all.length ? all : undefined;
}

/** Solves Σ valueHash·locatorʲ = syndrome j, a system of Vandermonde, by Lagrange's polynomials. */
function valueHashesOf(
  polynomial: Polynomial,
  locators: readonly number[],
  syndromes: readonly number[],
): readonly number[] {
  return locators.map((locator) => {
    // This polynomial is zero at every other locator, so that only one valueHash is left of the sum.
    const others = withoutRoot(polynomial, locator);
    const highest = degreeOf(others);
    const sum = others.reduce(
      (total, coefficient, at) => add(total, multiply(coefficient, syndromes[highest - at] ?? 0)),
      0,
    );
    return multiply(sum, inverse(valueAt(others, locator)));
  });
}

function syndromeOf(
  locators: readonly number[],
  hashes: readonly number[],
  exponent: number,
): number {
  return locators.reduce(
    (sum, locator, at) => add(sum, multiply(hashes[at] ?? 0, power(locator, exponent))),
    0,
  );
}
