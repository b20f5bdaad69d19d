/** `npm run bench`: what watching costs, by the size of the cluster, beside its bounds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFunction } from '../infra/bundle.ts';
import { measureBundle } from './bundle-cost.ts';
import { measureDecide, measureGrowth } from './growth.ts';
import { measureHost } from './host-cost.ts';
import { type Measurement, type Part, PARTS, type Progress } from './measurement.ts';
import { measurePlain } from './plain-way.ts';
import { measurePackets } from './packets-cost.ts';
import { measureDevice } from './real-device.ts';
import { renderPart } from './render.ts';
import { measureRun } from './whole-run.ts';

const SIZES = [10, 100, 1000, 5000] as const;

const HELP = `npm run bench [-- [PART...] [--json]]

Measures what watching costs, on this computer, in some ten minutes. A busy computer makes times
larger, so every bound on time is a ratio: by a fixed computation that is measured beside it, or by
the import of the Systems Manager client alone.

  scale    answer, script, API calls, decide, memory, series and OTLP of a healthy cluster of
           ${SIZES.join(', ')} nodes, each beside its bound
  plain    digests beside tables in full that a small Go program judges, and from which size
           digests pay; needs Go
  growth   CPU and memory of decide by size and fault
  device   the script on a real device with 5,000 real entries; needs root on Linux
  bundle   size and import of the function's bundle

Without PART all are measured. --json prints the figures as one JSON document. Progress goes to
standard error. Exit: 0 when all bounds were kept, 1 when one was not, 2 when it could not be measured.
`;

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
const strange = positionals.find((word) => !PARTS.some((part) => part === word));
if (values.help === true) {
  process.stdout.write(HELP);
} else if (strange === undefined) {
  process.exitCode = await bench(values.json === true);
} else {
  process.stderr.write(`There is no part "${strange}".\n\n${HELP}`);
  process.exitCode = 2;
}

async function bench(asJson: boolean): Promise<number> {
  const began = performance.now();
  const progress: Progress = (step) => {
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stderr.write(`${String(seconds).padStart(4)} s  ${step}\n`);
  };
  const parts = PARTS.filter((part) => positionals.length === 0 || positionals.includes(part));
  const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-bench-'));
  try {
    const measurements: Measurement[] = [];
    for (const part of parts) {
      const measured = await measure(part, directory, progress);
      measurements.push(...measured);
      if (!asJson) process.stdout.write(`${renderPart(part, measured)}\n`);
    }
    if (asJson) {
      const computer = {
        cpus: cpus().length,
        model: cpus()[0]?.model ?? '',
        node: process.version,
      };
      process.stdout.write(`${JSON.stringify({ computer, measurements }, undefined, 2)}\n`);
    }
    return exitOf(measurements);
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 2;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(
  part: Part,
  directory: string,
  progress: Progress,
): Promise<readonly Measurement[]> {
  switch (part) {
    case 'scale':
      return measureScale(path.join(directory, 'function'), progress);
    case 'plain':
      return measurePlain(progress);
    case 'growth':
      return measureGrowth(SIZES, progress);
    case 'device':
      return [...(await measureDevice(progress)), ...(await measurePackets(progress))];
    case 'bundle':
      return measureBundle(directory, progress);
  }
}

async function measureScale(bundle: string, progress: Progress): Promise<readonly Measurement[]> {
  progress('building the function');
  await bundleFunction(bundle);
  const measured: Measurement[] = [];
  for (const nodes of SIZES) {
    measured.push(
      ...(await measureHost(nodes, progress)),
      ...(await measureRun(nodes, bundle, progress)),
      ...(await measureDecide(nodes, progress)),
    );
  }
  const order = [...new Set(measured.map(({ what }) => what))];
  return measured.toSorted((one, other) => order.indexOf(one.what) - order.indexOf(other.what));
}

/** A bound on a figure that was not measured has not been kept. */
function exitOf(measurements: readonly Measurement[]): number {
  const bounded = measurements.filter(({ bound }) => bound !== undefined);
  if (bounded.some(isOver)) return 1;
  return bounded.some(({ value }) => value === undefined) ? 2 : 0;
}

function isOver({ value, bound }: Measurement): boolean {
  return value !== undefined && bound !== undefined && value > bound;
}
