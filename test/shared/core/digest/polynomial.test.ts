import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIME } from '../../../../shared/contract/digest.ts';
import { add, multiply, power, subtract } from '../../../../shared/core/digest/field.ts';
import {
  type Polynomial,
  rootsOf,
  valueAt,
  withoutRoot,
} from '../../../../shared/core/digest/polynomial.ts';

const element = fc.oneof(fc.constantFrom(0, 1, PRIME - 1), fc.nat({ max: PRIME - 1 }));
const distinct = fc.uniqueArray(element, { minLength: 1, maxLength: 8 });

function times(one: Polynomial, two: Polynomial): Polynomial {
  const product = Array.from({ length: one.length + two.length - 1 }, () => 0);
  one.forEach((a, i) => {
    two.forEach((b, j) => {
      product[i + j] = add(product[i + j] ?? 0, multiply(a, b));
    });
  });
  return product;
}

/** The monic polynomial with these roots. */
function withRoots(roots: readonly number[]): Polynomial {
  return roots.reduce<Polynomial>((sofar, root) => times(sofar, [1, subtract(0, root)]), [1]);
}

/** z² - n has no root where n is no square (Euler's criterion). */
const irreducible = element
  .filter((n) => power(n, (PRIME - 1) / 2) === PRIME - 1)
  .map((n): Polynomial => [1, 0, subtract(0, n)]);

function inOrder(numbers: readonly number[] | undefined): readonly number[] | undefined {
  return numbers?.toSorted((a, b) => a - b);
}

describe('the roots of a polynomial', () => {
  test('are those of its linear factors, where they differ', () => {
    fc.assert(
      fc.property(distinct, (roots) => {
        expect(inOrder(rootsOf(withRoots(roots)))).toEqual(inOrder(roots));
      }),
      { numRuns: 200 },
    );
  });

  test('that follow each other are told apart', () => {
    for (const first of [0, 1, PRIME - 4]) {
      const roots = Array.from({ length: 8 }, (_, at) => (first + at) % PRIME);
      expect(inOrder(rootsOf(withRoots(roots)))).toEqual(inOrder(roots));
    }
  });

  test('are none where one is there twice', () => {
    fc.assert(
      fc.property(distinct, (roots) => {
        const twice = [...roots.slice(0, 7), ...roots.slice(0, 1)];
        expect(rootsOf(withRoots(twice))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  test('are none where a factor has none in the field', () => {
    fc.assert(
      fc.property(irreducible, distinct, (factor, roots) => {
        expect(rootsOf(times(factor, withRoots(roots.slice(0, 6))))).toBeUndefined();
        expect(rootsOf(factor)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  test('of a constant are none', () => {
    expect(rootsOf([1])).toEqual([]);
  });

  test('are where it is zero, and divide it', () => {
    fc.assert(
      fc.property(distinct, element, (roots, x) => {
        const polynomial = withRoots(roots);
        const [root = 0] = roots;
        expect(valueAt(polynomial, root)).toBe(0);
        expect(valueAt(polynomial, x) === 0).toBe(roots.includes(x));
        expect(withoutRoot(polynomial, root)).toEqual(withRoots(roots.slice(1)));
      }),
      { numRuns: 100 },
    );
  });
});
