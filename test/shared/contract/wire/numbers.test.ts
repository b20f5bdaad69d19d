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
import {
  LEAF_CHECKSUM_DIGITS,
  LISTED_ADDRESSES,
  NODE_BUCKETS,
  NODE_CHECKSUM_DIGITS,
  NODE_LEAVES,
  WHOLE_LIST_NODES,
} from '../../../../shared/contract/node-list.ts';
import {
  MAX_PAGES,
  PROBE_TIMEOUT_SECONDS,
  TRIED_PEERS,
} from '../../../../shared/contract/probe.ts';
import {
  ANSWER_BEGIN,
  CHECKSUM,
  EVIDENCE,
  LATENCY_BYTES,
  MARK,
  MOST_AROUND,
  MOST_RECORDS,
  NOT_IN_TIME,
  PAYLOAD_BYTES,
  REQUEST_PATH_LENGTH,
  UNPACKED_BYTES,
} from '../../../../shared/contract/wire.ts';
import { probeSettingsSchema } from '../../../../shared/contract/settings.ts';
import { readRecord } from '../../../../shared/core/parse/answer.ts';
import { scriptToRead } from '../probe/probe-script.ts';

/**
 * The script is sent as it stands, so what it must agree on with TypeScript stands in both. Every value
 * that the script gives to a name, in shell or in awk.
 */
function given(name: string): readonly string[] {
  const value = String.raw`("\S*"|'[^']*'|[^\s;]+(?: [*+] [^\s;]+)*)`;
  const definition = new RegExp(`(?:^|[ ;])${RegExp.escape(name)}(?: = |=)${value}(?=;|$)`, 'gm');
  return scriptToRead()
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
    ['MAX_TRIED', TRIED_PEERS],
    ['MAX_BRIDGES', MOST_AROUND.bridge],
    ['MAX_OWN_ADDRESSES', MOST_AROUND.address],
    ['MAX_ANOMALIES', MOST_AROUND.anomaly],
    ['FACTOR', CHECKSUM.factor],
    ['MODULUS', CHECKSUM.modulus],
    ['MULTIPLIER', MULTIPLIER],
    ['BUCKETS', BUCKETS],
    ['LOCATORS', LOCATORS],
    ['SEED', SEED],
    ['NODE_BUCKETS', NODE_BUCKETS],
    ['NODE_LEAVES', NODE_LEAVES],
    ['WHOLE_LIST_NODES', WHOLE_LIST_NODES],
    ['MAX_ADDRESSES', LISTED_ADDRESSES],
    ['MAX_DAEMONSETS', MOST_RECORDS.daemonset],
    ['seed["N"]', `SEED * ${DIGEST_TABLES.neighbour} + 1`],
    ['seed["F"]', `SEED * ${DIGEST_TABLES.fdb} + 1`],
    ['seed["R"]', `SEED * ${DIGEST_TABLES.route} + 1`],
    ['seed["P"]', `SEED * ${DIGEST_TABLES.direct} + 1`],
  ] as const)('%s stands in the script once', ([name, value]) => {
    expect(given(name)).toEqual([String(value)]);
  });

  test.for([
    ['PRIME', PRIME],
    ['TWIST', TWIST],
    ['DIGITS', `"${ALPHABET}"`],
  ] as const)('%s is the same in digests and in checksums of nodes', ([name, value]) => {
    expect(given(name)).toEqual([String(value), String(value)]);
  });

  test('the mark of an answer stands in the script once', () => {
    expect(given('MARK')).toEqual([`'${MARK}'`, `"'"$MARK"'"`]);
    expect(scriptToRead().split(MARK)).toHaveLength(2);
    expect(ANSWER_BEGIN).toBe(`${MARK} begin`);
  });

  test('a bucket has so many syndromes, and a syndrome so many digits', () => {
    expect(scriptToRead().match(/^ *s\d+ \+= w\b/gm)).toHaveLength(SYNDROMES);
    expect(scriptToRead().match(/(?:^| )substr\(DIGITS, (?!low)/gm)).toHaveLength(SYNDROME_DIGITS);
    expect(scriptToRead()).toContain(`digits(total[i], ${NODE_CHECKSUM_DIGITS})`);
    expect(scriptToRead()).toContain(`digits(sum[i] + 0, ${LEAF_CHECKSUM_DIGITS})`);
  });

  test('the agent leaves the slowest requests time to end', () => {
    const [api, most, atOnce] = ['API_SECONDS', 'MAX_APIS', 'APIS_AT_ONCE'].map(numberOf);
    // The list of the APIs comes first; then each worker asks for its share, one after the other.
    const apis = (api ?? NaN) * (1 + Math.ceil((most ?? NaN) / (atOnce ?? NaN)));
    expect(numberOf('GET_NODES_SECONDS')).toBeLessThan(PROBE_TIMEOUT_SECONDS);
    expect(numberOf('READYZ_SECONDS') * 2).toBeLessThan(PROBE_TIMEOUT_SECONDS);
    expect(apis).toBeLessThan(PROBE_TIMEOUT_SECONDS);
  });

  test('what cleans up after the script waits longer than the agent lets the script run', () => {
    const [guard, ...others] = numbersIn(/"\$waited" -lt (\d+)/g);
    expect(others).toEqual([]);
    expect(guard).toBeGreaterThan(PROBE_TIMEOUT_SECONDS);
  });

  test('a request whose time was up has the exit status by which the parser knows it', () => {
    expect(numbersIn(/\bstatus=(\d+)/g)).toEqual([NOT_IN_TIME]);
  });

  test('no path is asked for that the grammar of answers does not have', () => {
    expect(numbersIn(/length\(path\) > (\d+)/g)).toEqual([REQUEST_PATH_LENGTH]);
    const lineOf = (length: number): string => `L /${'a'.repeat(length - 1)} 1.00 2.00 0`;
    expect(readRecord(lineOf(REQUEST_PATH_LENGTH))).toBeDefined();
    expect(readRecord(lineOf(REQUEST_PATH_LENGTH + 1))).toBeUndefined();
  });

  test.for([
    ['/etc/kubernetes/admin.conf', true],
    ['/etc/../root/x', false],
    ['/etc/.', false],
    ['etc/admin.conf', false],
  ] as const)('a kubeconfig at %s is configured and answered alike: %s', ([path, known]) => {
    const setting = probeSettingsSchema.safeParse({ kubeconfigPaths: [path] });
    expect(setting.success).toBe(known);
    expect(readRecord(`master ${path}`) !== undefined).toBe(known);
  });
});

function numberOf(name: string): number {
  return Number(given(name)[0]);
}

function numbersIn(pattern: RegExp): readonly number[] {
  return scriptToRead()
    .matchAll(pattern)
    .map(([, found]) => Number(found))
    .toArray();
}
