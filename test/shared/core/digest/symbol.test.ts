import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, LOCATORS, PRIME, SYNDROMES } from '../../../../shared/contract/digest.ts';
import { familyOf, networkOf } from '../../../../shared/core/overlay/addresses.ts';
import { type Symbol, symbolOf } from '../../../../shared/core/digest/symbol.ts';
import {
  addSymbol,
  isZero,
  minus,
  noSyndromes,
  removeSymbol,
} from '../../../../shared/core/digest/syndromes.ts';
import { readRecord } from '../../../../shared/core/parse/answer.ts';
import { anyCidr, anyIp, anyMac } from '../../../support/entries.ts';
import { symbolFor } from '../../../support/symbols.ts';
import { digestOf } from '../../../../lab/digest-oracle.ts';

/** What the oracle has for these records. */
function oracle(...records: readonly string[]) {
  const record = readRecord(digestOf(records));
  return record?.kind === 'S' ? record.sums : undefined;
}

function sumOf(...symbols: readonly Symbol[]) {
  const sums = noSyndromes();
  for (const symbol of symbols) addSymbol(sums, symbol);
  return sums;
}

describe('an entry has the symbol that it has on a host', () => {
  test('of the neighbour table', () => {
    fc.assert(
      fc.property(anyIp, anyMac, fc.boolean(), (ip, mac, permanent) => {
        const state = permanent ? 'PERMANENT' : 'STALE';
        const sums = sumOf(symbolFor('neighbour', { key: ip, value: mac, weak: !permanent }));
        expect(sums).toEqual(oracle(`N flannel.1 ${ip} ${mac} ${state}`));
      }),
    );
  });

  test('of the FDB', () => {
    fc.assert(
      fc.property(anyMac, anyIp, (mac, destination) => {
        const sums = sumOf(symbolFor('fdb', { key: mac, value: destination }));
        expect(sums).toEqual(oracle(`F flannel.1 ${mac} ${destination} permanent`));
      }),
    );
  });

  test.for([
    ['route', 'flannel.1'],
    ['direct', 'bond0.12'],
  ] as const)('of a %s, over %s', ([table, device]) => {
    fc.assert(
      fc.property(anyCidr, anyIp, (cidr, gateway) => {
        const network = networkOf(cidr);
        fc.pre(network !== undefined && familyOf(network) === familyOf(gateway));
        const sums = sumOf(symbolFor(table, { key: network ?? cidr, value: gateway }));
        expect(sums).toEqual(oracle(`R ${device} ${network} ${gateway} -`));
      }),
    );
  });

  test('has its place in range, and a value hash that is not zero', () => {
    fc.assert(
      fc.property(anyIp, anyMac, (ip, mac) => {
        for (const { bucket, locator, valueHash } of [
          symbolFor('neighbour', { key: ip, value: mac }),
          symbolFor('fdb', { key: mac, value: ip }),
        ]) {
          expect(bucket).toBeLessThan(BUCKETS);
          expect(locator).toBeGreaterThan(0);
          expect(locator).toBeLessThanOrEqual(LOCATORS);
          expect(valueHash).toBeGreaterThan(0);
          expect(valueHash).toBeLessThan(PRIME);
        }
      }),
    );
  });
});

describe('an entry that no digest has is no symbol', () => {
  test.for([
    ['a neighbour without a MAC', 'neighbour', { key: '10.68.0.0', value: undefined }],
    [
      'a neighbour with a masked MAC',
      'neighbour',
      { key: '10.68.0.0', value: '36:9u:9c:53:4a:10' },
    ],
    ['an FDB entry with a masked MAC', 'fdb', { key: '36:9u:9c:53:4a:10', value: '192.168.1.140' }],
  ] as const)('%s', ([, table, entry]) => {
    expect(symbolOf(table, entry)).toBeUndefined();
  });
});

const anySymbol: fc.Arbitrary<Symbol> = fc.record({
  bucket: fc.nat({ max: BUCKETS - 1 }),
  locator: fc.integer({ min: 1, max: LOCATORS }),
  valueHash: fc.integer({ min: 1, max: PRIME - 1 }),
});

describe('digests are sums', () => {
  test('of which one taken from the other leaves what only one has', () => {
    fc.assert(
      fc.property(fc.array(anySymbol), fc.array(anySymbol), (common, others) => {
        const both = sumOf(...common, ...others);
        expect(minus(both, sumOf(...common))).toEqual(sumOf(...others));
        for (const symbol of [...others, ...common]) removeSymbol(both, symbol);
        expect(isZero(both)).toBe(true);
      }),
    );
  });

  test('and each syndrome is a value hash times a power of the locator', () => {
    fc.assert(
      fc.property(anySymbol, (symbol) => {
        const { bucket, locator, valueHash } = symbol;
        const powers = Array.from({ length: SYNDROMES }, (_, j) =>
          Number((BigInt(valueHash) * BigInt(locator) ** BigInt(j)) % BigInt(PRIME)),
        );
        const own = sumOf(symbol).subarray(bucket * SYNDROMES, (bucket + 1) * SYNDROMES);
        expect([...own]).toEqual(powers);
      }),
    );
  });
});
