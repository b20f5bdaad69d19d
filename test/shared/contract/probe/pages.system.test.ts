import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_PAGES, PAGE_ENTRIES, tablesPage } from '../../../../shared/contract/probe.ts';
import { PACKED_BEGIN, PACKED_END, UNPACKED_BYTES } from '../../../../shared/contract/wire.ts';
import { need } from '../latency/need.ts';
import { pageOfRecord } from '../../../../lab/digest-oracle.ts';
import { generatedTables, generatedTools, recordsOf, WITH_IPV6 } from './generated-tables.ts';
import { peers } from './peers.ts';
import { payloadOf, runProbe, tablesOf } from './run-probe.ts';
import type { Ended } from './run-probe.ts';
import { installed, recordedIproute2 } from './recorded-tools.ts';
import { hostRoot, links, programs } from './scratch.ts';

/** AWS Systems Manager: the most that GetCommandInvocation returns of an output. */
const MAX_OUTPUT_BYTES = 24_000;

const ENTRY = /^[NFR] /;

/** The answer inside a packed one; one that is not packed is as it is. */
function unpacked(ended: Ended): Ended {
  const lines = ended.stdout.split('\n');
  if (lines[0] !== PACKED_BEGIN) return ended;
  expect(lines.slice(-2)).toEqual([PACKED_END, '']);
  const gzip = Buffer.from(lines.slice(1, -2).join(''), 'base64');
  return { ...ended, stdout: gunzipSync(gzip).toString('latin1') };
}

function page(wanted: string, path: readonly string[], root = hostRoot({})): Promise<Ended> {
  return runProbe({ action: 'tables', wanted, path, root });
}

describe('pages of the tables', () => {
  test('each entry stands on the one page that its key tells, whatever the tables', async () => {
    const root = hostRoot(WITH_IPV6);
    const wholes = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(generatedTables, wholes, async (tables, pages) => {
        const path = [generatedTools(tables)];
        const numbers = Array.from({ length: pages }, (_, number) => number);
        const ended = await Promise.all(
          numbers.map((number) => page(tablesPage(number, pages), path, root)),
        );
        const shown = ended.map((each) =>
          payloadOf(unpacked(each)).filter((line) => ENTRY.test(line)),
        );
        const records = recordsOf(tables);
        expect(shown).toEqual(
          numbers.map((number) => records.filter((each) => pageOfRecord(each, pages) === number)),
        );
        expect(shown.flat().toSorted()).toEqual(records.toSorted());
      }),
      { numRuns: 15 },
    );
  });

  test('facts, devices and what could not be read are on every page', async () => {
    const path = [programs({ bridge: 'exit 3' }), recordedIproute2('v7.1.0')];
    const [whole = [], ...pages] = await Promise.all(
      ['', '0/2', '1/2'].map(async (wanted) => payloadOf(unpacked(await page(wanted, path)))),
    );
    const rest = whole.filter((line) => !ENTRY.test(line));
    expect(rest).toContain('U fdb exit-3');
    for (const lines of pages) expect(lines.filter((line) => !ENTRY.test(line))).toEqual(rest);
  });

  test.for([
    '1/1',
    '3/2',
    '1000/1001',
    '0/0',
    '/',
    '0/',
    '/2',
    '-1/2',
    '0/2/4',
    '1',
    '10.42.1.0/24',
  ])('%s is no page, and gives no answer', async (wanted) => {
    const ended = await page(wanted, [recordedIproute2('v7.1.0')]);
    expect(ended).toMatchObject({ exit: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^vtepwatch: no page: /);
  });

  test('there can be so many', async () => {
    const ended = await page(tablesPage(MAX_PAGES - 1, MAX_PAGES), [recordedIproute2('v7.1.0')]);
    expect(tablesOf(ended)[0]).toMatch(/^D /);
  });
});

describe('a packed page', () => {
  test.for([
    ['gzip', 'ipv4'],
    ['gzip', 'ipv6'],
    ['busybox', 'ipv4'],
    ['busybox', 'ipv6'],
  ] as const)(
    'full, and packed by %s, fits in what the service returns: %s',
    async ([packer, family], { skip }) => {
      need(skip, packer, 'base64');
      const tables = peers(Math.round((2 * PAGE_ENTRIES[family]) / 3), family);
      const path = [links({ gzip: installed(packer) ?? packer }), generatedTools(tables)];
      for (const number of [0, 1]) {
        const ended = await page(tablesPage(number, 2), path, hostRoot(WITH_IPV6));
        expect(ended.stdout.startsWith(`${PACKED_BEGIN}\n`)).toBe(true);
        expect(ended.stdout.length).toBeLessThan(MAX_OUTPUT_BYTES);
        expect(payloadOf(unpacked(ended)).filter((line) => ENTRY.test(line))).toEqual(
          recordsOf(tables).filter((record) => pageOfRecord(record, 2) === number),
        );
      }
    },
  );

  test('a short answer is not packed', async () => {
    const ended = await page('0/1', [generatedTools(peers(8))]);
    expect(ended.stdout.length).toBeLessThanOrEqual(UNPACKED_BYTES);
    expect(payloadOf(ended).filter((line) => ENTRY.test(line))).toHaveLength(24);
  });

  test.for([
    ['gzip', 'exit 1'],
    ['base64', 'exit 1'],
    ['gzip', 'kill -9 $$'],
    ['base64', 'cat >/dev/null'],
  ] as const)('where `%s` does `%s`, the answer goes as it is', async ([program, does]) => {
    const tables = peers(100);
    const ended = await page('0/1', [programs({ [program]: does }), generatedTools(tables)]);
    expect(payloadOf(ended).filter((line) => ENTRY.test(line))).toEqual(recordsOf(tables));
  });

  test('the whole answer, unasked for by pages, is never packed', async () => {
    const ended = await page('', [generatedTools(peers(200))]);
    expect(payloadOf(ended).filter((line) => ENTRY.test(line))).toHaveLength(600);
  });
});
