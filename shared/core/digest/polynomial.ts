import { PRIME } from '../../contract/digest.ts';
import { add, inverse, multiply, subtract } from './field.ts';

/**
 * Polynomials over GF(p), the coefficient of the highest power first, and that one never zero: those
 * here are monic and of a degree of eight at most.
 */
export type Polynomial = readonly number[];

export function degreeOf(polynomial: Polynomial): number {
  return polynomial.length - 1;
}

export function valueAt(polynomial: Polynomial, x: number): number {
  let value = 0;
  for (const coefficient of polynomial) value = add(multiply(value, x), coefficient);
  return value;
}

/** The quotient by (z - root); `root` must be one. */
export function withoutRoot(polynomial: Polynomial, root: number): Polynomial {
  const quotient: number[] = [];
  let carried = 0;
  for (const coefficient of polynomial.slice(0, -1)) {
    carried = add(multiply(carried, root), coefficient);
    quotient.push(carried);
  }
  return quotient;
}

/**
 * The roots of a polynomial that is a product of different linear factors, or undefined where it is
 * none (Cantor and Zassenhaus, 1981). Instead of drawing at random it tries one shift after the other,
 * so that equal input has equal output.
 */
export function rootsOf(polynomial: Polynomial): readonly number[] | undefined {
  if (degreeOf(polynomial) === 0) return [];
  if (degreeOf(polynomial) === 1) return [subtract(0, polynomial[1] ?? 0)];
  // z^p = z modulo the polynomial says that every root lies in the field, and lies there once.
  const frobenius = powerModulo([1, 0], PRIME, polynomial);
  return isEqual(frobenius, [1, 0]) ? splitRoots(polynomial, 0) : undefined;
}

/** How many shifts are tried; each splits with a probability of about one half. */
const SHIFTS = 64;

function splitRoots(polynomial: Polynomial, shift: number): readonly number[] | undefined {
  if (degreeOf(polynomial) <= 1) return rootsOf(polynomial);
  for (let next = shift; next < SHIFTS; next++) {
    // Of the roots r, those for which r + next is a square are roots of the common divisor.
    const squares = powerModulo([1, next], (PRIME - 1) / 2, polynomial);
    const factor = commonDivisor(polynomial, minusOne(squares));
    const degree = degreeOf(factor);
    if (degree === 0 || degree === degreeOf(polynomial)) continue;
    const some = splitRoots(factor, next + 1);
    const others = splitRoots(quotientOf(polynomial, factor), next + 1);
    return some === undefined || others === undefined ? undefined : [...some, ...others];
  }
  return undefined;
}

function powerModulo(base: Polynomial, exponent: number, modulus: Polynomial): Polynomial {
  let result: Polynomial = [1];
  let square = remainderOf(base, modulus);
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = remainderOf(product(result, square), modulus);
    square = remainderOf(product(square, square), modulus);
  }
  return result;
}

function product(one: Polynomial, two: Polynomial): Polynomial {
  const coefficients = Array.from({ length: one.length + two.length - 1 }, () => 0);
  one.forEach((a, i) => {
    two.forEach((b, j) => {
      coefficients[i + j] = add(coefficients[i + j] ?? 0, multiply(a, b));
    });
  });
  return coefficients;
}

function remainderOf(polynomial: Polynomial, divisor: Polynomial): Polynomial {
  return divide(polynomial, divisor).remainder;
}

function quotientOf(polynomial: Polynomial, divisor: Polynomial): Polynomial {
  return divide(polynomial, divisor).quotient;
}

/** The divisor is monic. */
function divide(
  polynomial: Polynomial,
  divisor: Polynomial,
): { readonly quotient: Polynomial; readonly remainder: Polynomial } {
  const rest = [...polynomial];
  const steps = Math.max(0, polynomial.length - divisor.length + 1);
  const quotient: number[] = [];
  for (let at = 0; at < steps; at++) {
    const factor = rest[at] ?? 0;
    quotient.push(factor);
    if (factor === 0) continue;
    divisor.forEach((coefficient, i) => {
      rest[at + i] = subtract(rest[at + i] ?? 0, multiply(factor, coefficient));
    });
  }
  return { quotient, remainder: trimmed(rest.slice(steps)) };
}

function commonDivisor(one: Polynomial, two: Polynomial): Polynomial {
  let [larger, smaller] = [one, two];
  while (!isZero(smaller)) {
    const divisor = monic(smaller);
    [larger, smaller] = [divisor, remainderOf(larger, divisor)];
  }
  return monic(larger);
}

function monic(polynomial: Polynomial): Polynomial {
  const factor = inverse(polynomial[0] ?? 1);
  return polynomial.map((coefficient) => multiply(coefficient, factor));
}

function minusOne(polynomial: Polynomial): Polynomial {
  const last = polynomial.at(-1) ?? 0;
  return trimmed([...polynomial.slice(0, -1), subtract(last, 1)]);
}

/** Without leading zeros; zero itself is one zero. */
function trimmed(coefficients: readonly number[]): Polynomial {
  const first = coefficients.findIndex((coefficient) => coefficient !== 0);
  return first < 0 ? [0] : coefficients.slice(first);
}

function isZero(polynomial: Polynomial): boolean {
  return polynomial.length === 1 && polynomial[0] === 0;
}

function isEqual(one: Polynomial, two: Polynomial): boolean {
  return one.length === two.length && one.every((coefficient, at) => coefficient === two[at]);
}
