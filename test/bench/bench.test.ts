import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundleFunction } from '../../infra/bundle.ts';
import { decided } from '../../bench/child.ts';
import { breakEven, buildPlain, judgedPlainly } from '../../bench/plain-way.ts';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { measureHost } from '../../bench/host-cost.ts';
import { type Measurement, median } from '../../bench/measurement.ts';
import { usageOf } from '../../bench/process-usage.ts';
import { renderPart } from '../../bench/render.ts';
import { cpuBound, readTimes } from '../../bench/shell-times.ts';
import { measureRun } from '../../bench/whole-run.ts';

const QUIETLY = (): void => {};
const NODES = 12;
const hasGo = spawnSync('go', ['version']).status === 0;

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
      const found = await decided(100, name, { seconds: 60 });
      expect(found).toMatchObject({ verdict, incidents });
      expect(found?.series).toBeLessThanOrEqual(7 * 100 + 66);
      expect(found?.cpuMilliseconds).toBeGreaterThan(0);
    },
  );

  test.skipIf(!hasGo)('the plain way says the same', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const program = (await buildPlain(directory)) ?? '';
    const hosts = simulatedHosts(50);
    const [lost, observer] = [hosts[3]?.tunnelIp ?? '', hosts[7]?.name];
    const [well, ill, illOnOne] = [
      await judgedPlainly(program, hosts),
      await judgedPlainly(program, hosts, (_, line) => line.startsWith(`${lost} `)),
      await judgedPlainly(
        program,
        hosts,
        ({ name }, line) => name === observer && line.includes(` via ${lost} `),
      ),
    ];
    expect([well.wrong, ill.wrong, illOnOne.wrong]).toEqual([0, 49, 1]);
  });

  test.skipIf(!hasGo)('tables in full grow with the cluster', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const program = (await buildPlain(directory)) ?? '';
    const few = await judgedPlainly(program, simulatedHosts(50));
    const many = await judgedPlainly(program, simulatedHosts(500));
    expect(many.hostBytes).toBeGreaterThan(7 * few.hostBytes);
  });

  test('a program that takes too long is ended, and is no figure', async () => {
    expect(await decided(5000, 'healthy', { seconds: 0.2 })).toBeUndefined();
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
  });

  test.runIf(process.platform === 'linux')('the CPU and the memory of a process', async () => {
    const usage = await usageOf(process.pid);
    expect(usage?.peakBytes).toBeGreaterThan(10_000_000);
    expect(usage?.cpuMilliseconds).toBeGreaterThan(0);
  });
});

describe('what is reckoned', () => {
  test.for([
    ['dash', '0m0.00s 0m0.01s', (seconds: number) => `0m${seconds.toFixed(2)}s 0m0.00s`],
    ['bash', '0m0.001s 0m0.002s', (seconds: number) => `0m0.000s 0m${seconds.toFixed(3)}s`],
    ['dash of today', '0m0.000000s 0m0.0s', (seconds: number) => `0m${seconds.toFixed(6)}s 0m0.0s`],
  ] as const)('times of script and reference by turns, as %s prints them', ([, own, children]) => {
    // The script takes 0.4 s each time, and the reference 0.1 s.
    const totals = [0.4, 0.5, 0.9, 1, 1.4, 1.5, 1.9, 2, 2.4, 2.5];
    const said = totals.map((seconds) => `${own}\n${children(seconds)}\n`).join('');
    const { cpuMilliseconds, timesReference, answerBytes } = readTimes(`${said} 1591\n`);
    expect(cpuMilliseconds).toBeCloseTo(400, 6);
    expect(timesReference).toBeCloseTo(4, 6);
    expect(answerBytes).toBe(1591);
  });

  test('the size from which digests pay, between two that were measured', () => {
    const sizes = [
      { nodes: 10, ours: 4, plain: 1 },
      { nodes: 100, ours: 10, plain: 5 },
      { nodes: 400, ours: 20, plain: 40 },
    ];
    expect(breakEven(sizes)).toBe(200);
    expect(breakEven(sizes.slice(0, 2))).toBeUndefined();
    expect(breakEven(sizes.slice(2))).toBe(400);
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
    for (const part of ['scale', 'plain', 'growth', 'device', 'bundle', '--json']) {
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
