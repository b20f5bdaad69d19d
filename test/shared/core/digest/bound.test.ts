import { describe, expect, test } from 'vitest';
import { PRIME } from '../../../../shared/contract/digest.ts';
import { codebookOf } from '../../../../shared/core/digest/codebook.ts';
import { decode } from '../../../../shared/core/digest/decode.ts';
import type { Symbol } from '../../../../shared/core/digest/symbol.ts';
import { addSymbol, isZero, noSyndromes } from '../../../../shared/core/digest/syndromes.ts';
import { profileOf } from '../../../../shared/core/overlay/profile.ts';
import { nthNode } from '../../../support/addressing.ts';
import { symbolFor } from '../../../support/symbols.ts';

/** Draws that are the same in each run (mulberry32). */
function drawsFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let hash = Math.imul(state ^ (state >>> 15), 1 | state);
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash;
    return Math.floor((((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const VALUES = 2 ** 17;

const MAC = '8a:00:00:00:00:01';

const hex = (octet: number): string => octet.toString(16).padStart(2, '0');
const quad = (at: number): string => `${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;

const draw = drawsFrom(1);
const anyMac = (): string =>
  Array.from({ length: 6 }, (_, at) => hex(at === 0 ? (draw(256) & 252) | 2 : draw(256))).join(':');

/** One key, and many values that it may have: at the n-th, a symbol. */
const neighbour = (value: string): Symbol => symbolFor('neighbour', { key: '10.64.1.0', value });
const fdb = (value: string): Symbol => symbolFor('fdb', { key: MAC, value });

const FAMILIES: readonly (readonly [string, (at: number) => Symbol])[] = [
  ['random MACs', () => neighbour(anyMac())],
  [
    'MACs that follow each other',
    (at) => neighbour(`8a:00:00:${hex(at >> 16)}:${hex((at >> 8) & 255)}:${hex(at & 255)}`),
  ],
  [
    'MACs that differ in their first octets',
    (at) => neighbour(`${hex(at & 255)}:${hex((at >> 8) & 255)}:${hex(at >> 16)}:00:00:01`),
  ],
  ['underlay IPs that follow each other', (at) => fdb(`10.${quad(at)}`)],
  [
    'gateways that are networks of /24',
    (at) => symbolFor('route', { key: '10.64.1.0/24', value: `${quad(at + 65_536)}.0` }),
  ],
  [
    'IPv6 addresses that follow each other',
    (at) => fdb(`fd00::${(at >> 16).toString(16)}:${(at & 65_535).toString(16)}`),
  ],
];

/** How many pairs of equal numbers there are. */
function equalPairs(numbers: Int32Array): number {
  const sorted = numbers.toSorted();
  let pairs = 0;
  let run = 0;
  for (let at = 1; at < sorted.length; at++) {
    run = sorted[at] === sorted[at - 1] ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

describe('a changed value keeps its value hash as seldom as chance has it', () => {
  // Of 2^17 values there are 2^33 pairs: 8 equal hashes are as many as chance makes, and 24 are
  // more than it makes once in 200,000 times.
  test.for(FAMILIES)('among %s', ([, symbolAt]) => {
    const hashes = Int32Array.from({ length: VALUES }, (_, at) => symbolAt(at).valueHash);
    expect(equalPairs(hashes)).toBeLessThan(24);
  });

  test('where only the flag PERMANENT has changed', () => {
    for (let at = 0; at < 20_000; at++) {
      const entry = { key: `10.${quad(at)}`, value: anyMac() };
      expect(symbolFor('neighbour', entry).valueHash).not.toBe(
        symbolFor('neighbour', { ...entry, weak: true }).valueHash,
      );
    }
  });

  test('and its value hash is anywhere below the prime', () => {
    for (const [name, symbolAt] of FAMILIES) {
      const eighths = Array.from({ length: 8 }, () => 0);
      for (let at = 0; at < 16_000; at++) {
        const eighth = Math.floor((symbolAt(at).valueHash / PRIME) * 8);
        eighths[eighth] = (eighths[eighth] ?? 0) + 1;
      }
      // 2,000 each, and six standard deviations.
      const worst = Math.max(...eighths.map((inEighth) => Math.abs(inEighth - 2000)));
      expect(worst, `among ${name}`).toBeLessThan(260);
    }
  });
});

describe('the entries of a cluster', () => {
  const BOOK = codebookOf(
    Array.from({ length: 5000 }, (_, at) => nthNode(at)),
    profileOf(['flannel.1']),
  );

  test('are spread evenly over the buckets', () => {
    const held = BOOK.entries.filter(({ wanted }) => wanted.table !== 'direct');
    for (let bucket = 0; bucket < 16; bucket++) {
      const share = held.filter(({ symbol }) => symbol.bucket === bucket).length;
      expect(Math.abs(share - held.length / 16), `bucket ${bucket}`).toBeLessThan(180);
    }
  });

  test('share a place as seldom as chance has it', () => {
    // 20,000 entries are 2·10^8 pairs for 2^27 places.
    const shared = [...BOOK.byPosition.values()].filter((entries) => entries.length > 1);
    expect(shared.length).toBeLessThan(12);
  });

  test.for([
    [9, 150],
    [12, 100],
    [16, 100],
    [17, 100],
    [40, 50],
    [200, 25],
  ] as const)(
    'are never silent, nor taken for others, where %i of a bucket are absent',
    ([absent, trials]) => {
      const bucket = BOOK.entries.filter(({ symbol }) => symbol.bucket === 3);
      const drawn = drawsFrom(absent);
      for (let trial = 0; trial < trials; trial++) {
        const chosen = new Set<Symbol>();
        while (chosen.size < absent) {
          const entry = bucket[drawn(bucket.length)];
          if (entry !== undefined) chosen.add(entry.symbol);
        }
        const sums = noSyndromes();
        for (const symbol of chosen) addSymbol(sums, symbol);
        expect([isZero(sums), decode(sums, BOOK.locators)]).toEqual([false, undefined]);
      }
    },
  );
});
