import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIME } from '../../../../shared/contract/digest.ts';
import { add, inverse, multiply, power, subtract } from '../../../../shared/core/digest/field.ts';

const P = BigInt(PRIME);

/** Where carries, signs and roundings go wrong. */
const EDGES = [0, 1, 2, 2 ** 15, 2 ** 16, 2 ** 23, 2 ** 29, (PRIME - 1) / 2, PRIME - 2, PRIME - 1];

const element = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.nat({ max: PRIME - 1 }),
  // Just below the prime a product is as long as it can be.
  fc.nat({ max: 1000 }).map((less) => PRIME - 1 - less),
);

function modulo(value: bigint): number {
  return Number(((value % P) + P) % P);
}

describe('the field is that of whole numbers modulo the prime', () => {
  test('at the edges, each with each', () => {
    for (const a of EDGES) {
      for (const b of EDGES) {
        const [one, two] = [BigInt(a), BigInt(b)];
        expect([add(a, b), subtract(a, b), multiply(a, b)], `${a} and ${b}`).toEqual(
          [one + two, one - two, one * two].map(modulo),
        );
      }
    }
  });

  test('anywhere', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        const [one, two] = [BigInt(a), BigInt(b)];
        expect([add(a, b), subtract(a, b), multiply(a, b)]).toEqual(
          [one + two, one - two, one * two].map(modulo),
        );
      }),
      { numRuns: 5000 },
    );
  });

  test('where a quotient is rounded to its neighbour', () => {
    // a·b = q·p + r with r next to 0 or to p is where the double's quotient may be one off.
    fc.assert(
      fc.property(fc.integer({ min: 2, max: PRIME - 1 }), fc.constantFrom(0, 1, 2), (a, r) => {
        const b = multiply(r === 2 ? PRIME - 1 : r, inverse(a));
        expect(multiply(a, b)).toBe(modulo(BigInt(a) * BigInt(b)));
      }),
      { numRuns: 500 },
    );
  });

  test('a power is a product of equal factors', () => {
    fc.assert(
      fc.property(element, fc.nat({ max: 40 }), (base, exponent) => {
        expect(power(base, exponent)).toBe(modulo(BigInt(base) ** BigInt(exponent)));
      }),
      { numRuns: 300 },
    );
  });

  test('each element but zero has an inverse', () => {
    fc.assert(
      fc.property(
        element.filter((a) => a !== 0),
        (a) => {
          expect(multiply(a, inverse(a))).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
