import { describe, expect, test } from 'vitest';
import {
  ALPHABET,
  BUCKETS,
  DIGEST_TABLES,
  LOCATORS,
  MULTIPLIER,
  PRIME,
  SEED,
  SYNDROME_DIGITS,
  SYNDROMES,
  TWIST,
} from '../../../../shared/contract/digest.ts';
import { MAX_PAGES, PROBE_TIMEOUT_SECONDS } from '../../../../shared/contract/probe.ts';
import {
  ANSWER_BEGIN,
  CHECKSUM,
  EVIDENCE,
  LATENCY_BYTES,
  MARK,
  PAYLOAD_BYTES,
  UNPACKED_BYTES,
} from '../../../../shared/contract/wire.ts';
import { probeScript } from '../probe/probe-script.ts';

/**
 * The script is sent as it stands, so what it must agree on with TypeScript stands in both. Every value
 * that the script gives to a name, in shell or in awk.
 */
function given(name: string): readonly string[] {
  const value = String.raw`("\S*"|'[^']*'|[^\s;]+(?: [*+] [^\s;]+)*)`;
  const definition = new RegExp(`(?:^|[ ;])${RegExp.escape(name)}(?: = |=)${value}(?=;|$)`, 'gm');
  return probeScript()
    .matchAll(definition)
    .map(([, found = '']) => found)
    .toArray();
}

describe('what script and TypeScript must agree on', () => {
  test.for([
    ['MAX_PAYLOAD_BYTES', PAYLOAD_BYTES],
    ['MAX_UNPACKED_BYTES', UNPACKED_BYTES],
    ['MAX_LATENCY_BYTES', LATENCY_BYTES],
    ['MAX_EVIDENCE_LINES', EVIDENCE.lines],
    ['MAX_EVIDENCE_BYTES', EVIDENCE.bytes],
    ['MAX_PAGES', MAX_PAGES],
    ['FACTOR', CHECKSUM.factor],
    ['MODULUS', CHECKSUM.modulus],
    ['PRIME', PRIME],
    ['MULTIPLIER', MULTIPLIER],
    ['TWIST', TWIST],
    ['BUCKETS', BUCKETS],
    ['LOCATORS', LOCATORS],
    ['SEED', SEED],
    ['DIGITS', `"${ALPHABET}"`],
    ['seed["N"]', `SEED * ${DIGEST_TABLES.neighbour} + 1`],
    ['seed["F"]', `SEED * ${DIGEST_TABLES.fdb} + 1`],
    ['seed["R"]', `SEED * ${DIGEST_TABLES.route} + 1`],
    ['seed["P"]', `SEED * ${DIGEST_TABLES.direct} + 1`],
  ] as const)('%s stands in the script once', ([name, value]) => {
    expect(given(name)).toEqual([String(value)]);
  });

  test('the mark of an answer stands in the script once', () => {
    expect(given('MARK')).toEqual([`'${MARK}'`, `"'"$MARK"'"`]);
    expect(probeScript().split(MARK)).toHaveLength(2);
    expect(ANSWER_BEGIN).toBe(`${MARK} begin`);
  });

  test('a bucket has so many syndromes, and a syndrome so many digits', () => {
    expect(probeScript().match(/^ *s\d+ \+= w\b/gm)).toHaveLength(SYNDROMES);
    expect(probeScript().match(/ substr\(DIGITS, /g)).toHaveLength(SYNDROME_DIGITS);
  });

  test('the agent leaves the slowest request time to end', () => {
    expect(Number(given('GET_NODES_SECONDS')[0])).toBeLessThan(PROBE_TIMEOUT_SECONDS);
  });
});
