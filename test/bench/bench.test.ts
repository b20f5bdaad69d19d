import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { decided } from '../../bench/child.ts';
import { measureHost } from '../../bench/host-cost.ts';
import { type Measurement, median } from '../../bench/measurement.ts';
import { usageOf } from '../../bench/process-usage.ts';
import { renderPart } from '../../bench/render.ts';
import { cpuBound, readTimes } from '../../bench/shell-times.ts';
import { measureRun } from '../../bench/whole-run.ts';

const QUIETLY = (): void => {};
const NODES = 12;

/** Figures by what they are of; times are for the benchmark alone. */
function byName(measurements: readonly Measurement[]): ReadonlyMap<string, Measurement> {
  return new Map(measurements.map((one) => [one.what, one]));
}

describe('what is measured', () => {
  test.for([
    ['healthy', 'healthy', 0],
    ['one subject lost everywhere', 'incident', 1],
    ['one observer flushed', 'incident', 1],
    ['1 % random losses', 'incident', expect.any(Number)],
    ['a partition', 'incident', 1],
    ['10 % of hosts unknown', 'healthy', 0],
  ] as const)(
    'decide in the case "%s", and that it decides right',
    async ([name, verdict, incidents]) => {
      const found = await decided(100, name, { way: 'digest', seconds: 30 });
      expect(found).toMatchObject({ verdict, incidents });
      expect(found?.series).toBeLessThanOrEqual(7 * 100 + 36);
      expect(found?.cpuMilliseconds).toBeGreaterThan(0);
    },
  );

  test('the plain way says the same', async () => {
    const tables = await decided(50, 'healthy', { way: 'tables', seconds: 30 });
    expect(tables).toMatchObject({ verdict: 'healthy', incidents: 0 });
  });

  test('a program that takes too long is ended, and is no figure', async () => {
    expect(await decided(2000, 'healthy', { way: 'tables', seconds: 1 })).toBeUndefined();
  });

  test('a whole run: its calls and series, within their bounds', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await bundleFunction(directory);
    const figures = byName(await measureRun(NODES, directory, QUIETLY));
    const calls = figures.get('API calls of a run, without polls');
    expect(calls?.value).toBeLessThanOrEqual(calls?.bound ?? 0);
    const series = figures.get('series');
    expect(series?.value).toBeGreaterThan(6 * NODES);
    expect(series?.value).toBeLessThanOrEqual(series?.bound ?? 0);
    expect(figures.get('OTLP, compressed')?.value).toBeGreaterThan(0);
  });

  test('the script: an answer of one size, beside one that grows', async () => {
    const few = byName(await measureHost(50, QUIETLY)).get('answer of a host');
    const many = byName(await measureHost(500, QUIETLY)).get('answer of a host');
    expect(many?.value).toBeLessThanOrEqual(many?.bound ?? 0);
    expect((many?.value ?? 0) - (few?.value ?? 0)).toBeLessThan(20);
    expect(many?.plain).toBeGreaterThan(9 * (few?.plain ?? 0));
  });

  test.runIf(process.platform === 'linux')('the CPU and the memory of a process', async () => {
    const usage = await usageOf(process.pid);
    expect(usage?.peakBytes).toBeGreaterThan(10_000_000);
    expect(usage?.cpuMilliseconds).toBeGreaterThan(0);
  });
});

describe('what is reckoned', () => {
  test.for([
    ['dash', '1591\n0m0.00s 0m0.01s\n0m1.50s 0m0.50s\n', 400],
    ['bash', '1591\n0m0.001s 0m0.002s\n1m0.250s 0m0.000s\n', 12_050],
    ['dash of today', ' 1591\n0m0.000000s 0m0.000000s\n0m0.500000s 0m0.000000s\n', 100],
  ] as const)('times as %s prints them', ([, said, cpuMilliseconds]) => {
    expect(readTimes(said)).toEqual({ cpuMilliseconds, answerBytes: 1591 });
  });

  test('what is no time is an error', () => {
    expect(() => readTimes('sh: not found')).toThrow(
      'These are no times of a shell: sh: not found',
    );
  });

  test.for([
    [1, 50],
    [250, 50],
    [5000, 500],
    [2625, 275],
  ] as const)('the bound of a host with %i peers is %i ms', ([peers, milliseconds]) => {
    expect(cpuBound(peers)).toBeCloseTo(milliseconds, 6);
  });

  test('the middle of several figures', () => {
    expect(median([9, 1, 5])).toBe(5);
  });
});

test('a table has each figure beside its bound and the plain way', () => {
  const one = { part: 'scale', what: 'answer of a host', unit: 'B', bound: 2500 } as const;
  const table = renderPart('scale', [
    { ...one, nodes: 10, value: 1582, plain: 1577 },
    { ...one, nodes: 5000, value: 2501, plain: 764_000 },
    { part: 'scale', what: 'CPU', nodes: 10, value: undefined, unit: 'ms', note: 'left out' },
    { part: 'growth', what: 'of another part', nodes: 10, value: 1, unit: 'ms' },
  ]);
  expect(table.split('\n').slice(2, -1)).toEqual([
    '                  nodes  measured       bound        plain way  plain / measured',
    'answer of a host     10   1,582 B  <= 2,500 B    ok    1,577 B            1.00 x',
    '                  5,000   2,501 B  <= 2,500 B  OVER     764 kB             305 x',
    'CPU                  10  left out',
  ]);
});

test('figures that grow with the cluster stand beside each other', () => {
  const one = { part: 'growth', what: 'healthy: CPU', unit: 'ms' } as const;
  const table = renderPart('growth', [
    { ...one, nodes: 10, value: 4, note: '1.0 x' },
    { ...one, nodes: 5000, value: 1200, bound: 1000, note: '1.0 x' },
  ]);
  expect(table.split('\n').slice(2, -1)).toEqual([
    '                    10 nodes           5,000 nodes       bound',
    'healthy: CPU  4.0 ms (1.0 x)  1200 ms OVER (1.0 x)  <= 1000 ms',
  ]);
});

describe('npm run bench', () => {
  const bench = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, ['bench/bench.ts', ...args], {
      cwd: path.join(import.meta.dirname, '../..'),
    });

  test('--help says what there is', async () => {
    const { stdout } = await bench('--help');
    for (const part of ['scale', 'growth', 'device', 'bundle', '--json']) {
      expect(stdout).toContain(part);
    }
  });

  test('a part that there is not is an error', async () => {
    await expect(bench('speed')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no part "speed".'),
    });
  });
});
