import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, LOCATORS, PRIME } from '../../../../shared/contract/digest.ts';
import { decode, type Difference } from '../../../../shared/core/digest/decode.ts';
import { multiply } from '../../../../shared/core/digest/field.ts';
import { addSymbol, isZero, noSyndromes } from '../../../../shared/core/digest/syndromes.ts';

const locator = fc.integer({ min: 1, max: LOCATORS });

/** Differing symbols of one bucket, each at a place of its own. */
function differing(counts: { readonly minLength: number; readonly maxLength: number }) {
  return fc
    .uniqueArray(fc.record({ locator, valueHash: fc.integer({ min: 1, max: PRIME - 1 }) }), {
      ...counts,
      selector: (one) => one.locator,
    })
    .chain((some) =>
      fc
        .nat({ max: BUCKETS - 1 })
        .map((bucket) => some.map((one): Difference => ({ bucket, ...one }))),
    );
}

function sumOf(differences: readonly Difference[]) {
  const sums = noSyndromes();
  for (const difference of differences) addSymbol(sums, difference);
  return sums;
}

/** Where the codebook expects something: at the first `known` of these places, and at others. */
function expectedAt(differences: readonly Difference[], known: number) {
  return Array.from({ length: BUCKETS }, (_, bucket) =>
    differences
      .slice(0, known)
      .filter((one) => one.bucket === bucket)
      .map((one) => one.locator)
      .concat(12_345, 67_890, 8_000_000),
  );
}

function inOrder(differences: readonly Difference[] | undefined) {
  return differences?.toSorted((a, b) => a.bucket - b.bucket || a.locator - b.locator);
}

describe('a difference of two digests', () => {
  test('tells up to eight symbols a bucket: where, and by how much', () => {
    fc.assert(
      fc.property(
        fc.array(differing({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: BUCKETS }),
        fc.nat({ max: 8 }),
        (buckets, known) => {
          const one = [...new Map(buckets.map((some) => [some[0]?.bucket, some])).values()];
          const all = one.flat();
          expect(inOrder(decode(sumOf(all), expectedAt(all, known)))).toEqual(inOrder(all));
        },
      ),
      { numRuns: 80 },
    );
  });

  test('of more than eight is neither nothing nor anything else', () => {
    fc.assert(
      fc.property(differing({ minLength: 9, maxLength: 200 }), (some) => {
        const sums = sumOf(some);
        expect(isZero(sums)).toBe(false);
        expect(decode(sums, expectedAt(some, some.length))).toBeUndefined();
      }),
      { numRuns: 120 },
    );
  });

  test('of too many in one bucket says nothing of the others either', () => {
    fc.assert(
      fc.property(
        differing({ minLength: 9, maxLength: 20 }),
        differing({ minLength: 1, maxLength: 8 }),
        (many, few) => {
          fc.pre(many[0]?.bucket !== few[0]?.bucket);
          expect(decode(sumOf([...few, ...many]), expectedAt(few, 8))).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });

  test('at a place that no entry can have is none', () => {
    for (const beyond of [LOCATORS + 1, 2 ** 23 + 5, PRIME - 1]) {
      const sums = noSyndromes();
      let term = 77;
      for (let j = 0; j < 16; j++) {
        sums[j] = term;
        term = multiply(term, beyond);
      }
      expect(decode(sums, [])).toBeUndefined();
    }
  });

  test('of none is none', () => {
    expect(decode(noSyndromes(), [])).toEqual([]);
  });

  // All syndromes but the last obey one symbol's recurrence: the last must not be believed unseen.
  test('that no few symbols make is none', () => {
    fc.assert(
      fc.property(
        differing({ minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: PRIME - 1 }),
        (some, by) => {
          const sums = sumOf(some);
          const last = 16 * ((some[0]?.bucket ?? 0) + 1) - 1;
          sums[last] = ((sums[last] ?? 0) + by) % PRIME;
          expect(decode(sums, expectedAt(some, some.length))).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  });

  test('without any symbol behind it is told as none, or as what has exactly these sums', () => {
    const sums = fc.array(fc.integer({ min: 1, max: PRIME - 1 }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(sums, fc.array(locator, { maxLength: 40 }), (bucket, expected) => {
        const made = noSyndromes();
        made.set(bucket);
        const differences = decode(made, [expected]);
        expect(differences === undefined ? made : sumOf(differences)).toEqual(made);
      }),
      { numRuns: 100 },
    );
  });
});
