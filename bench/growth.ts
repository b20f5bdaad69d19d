import { CASES, type CaseName, isCase } from './cases.ts';
import { type Decided, decided } from './child.ts';
import type { Measurement, Progress } from './measurement.ts';
import { REFERENCE_MILLISECONDS } from './reference.ts';

/** The bounds of `decide` at 5,000 nodes: a second of a quiet core, and the function's memory. */
const CPU_RATIO = 1000 / REFERENCE_MILLISECONDS;
const MEMORY_BYTES = 512 * 1024 * 1024;
const BOUND_NODES = 5000;
const BOUND_CASES: ReadonlySet<string> = new Set<CaseName>([
  'healthy',
  'one subject lost everywhere',
]);

/** Longer, and the figure is that it takes longer. A busy computer may take ten times as long as a quiet
 * one. */
const SECONDS = 180;

/** What DynamoDB, Lambda and SNS take, beyond which a run would lose what it found. */
const STATE_BYTES = 400 * 1024;
const REPORT_BYTES = 6_000_000;

/** How `decide` grows with the cluster in each case, by digests. */
export async function measureGrowth(
  sizes: readonly number[],
  progress: Progress,
): Promise<readonly Measurement[]> {
  const measured: Measurement[] = [];
  for (const name of Object.keys(CASES).filter(isCase)) {
    for (const nodes of sizes) {
      progress(`decide, ${nodes} nodes, ${name}`);
      const found = await decided(nodes, name, { seconds: SECONDS });
      measured.push(...figures(name, nodes, found));
    }
  }
  const healthy = measured.filter(({ what }) => what.startsWith('healthy:'));
  return measured
    .map((one) => ({ ...one, note: one.note ?? timesHealthy(one, healthy) }))
    .toSorted((one, other) => rankOf(one) - rankOf(other));
}

function figures(
  name: CaseName,
  nodes: number,
  found: Decided | undefined,
): readonly Measurement[] {
  const one = { part: 'growth', nodes } as const;
  const note = found === undefined ? `more than ${SECONDS} s` : undefined;
  const isBound = nodes === BOUND_NODES && BOUND_CASES.has(name);
  return [
    {
      ...one,
      what: `${name}: CPU`,
      value: found?.cpuMilliseconds,
      unit: 'ms',
      note,
    },
    ...(isBound
      ? [
          {
            ...one,
            what: `${name}: CPU by the reference`,
            value: found?.timesReference,
            unit: 'ratio',
            bound: CPU_RATIO,
            note,
          } as const,
        ]
      : []),
    {
      ...one,
      what: `${name}: peak memory, with the lab’s own`,
      value: found?.peakBytes,
      unit: 'B',
      bound: isBound ? MEMORY_BYTES : undefined,
      note,
    },
    {
      ...one,
      what: `${name}: report, whole`,
      value: found?.reportBytes,
      unit: 'B',
      bound: REPORT_BYTES,
      note,
    },
    {
      ...one,
      what: `${name}: state, whole`,
      value: found?.stateBytes,
      unit: 'B',
      bound: STATE_BYTES,
      note,
    },
  ];
}

const KINDS = [': CPU', ': peak memory', ': report', ': state'] as const;

/** All cases' CPU first, then their memory, then what they leave. */
function rankOf({ what }: Measurement): number {
  return KINDS.findIndex((kind) => what.includes(kind));
}

function timesHealthy(one: Measurement, healthy: readonly Measurement[]): string | undefined {
  const same = healthy.find(({ nodes }) => nodes === one.nodes);
  if (!one.what.endsWith(': CPU') || one.value === undefined || same?.value === undefined) {
    return undefined;
  }
  return `${(one.value / same.value).toFixed(1)} x`;
}

/** A healthy cluster, beside its bounds. */
export async function measureDecide(
  nodes: number,
  progress: Progress,
): Promise<readonly Measurement[]> {
  progress(`decide, ${nodes} nodes`);
  const digest = await decided(nodes, 'healthy', { seconds: SECONDS });
  const isBound = nodes === BOUND_NODES;
  const one = { part: 'scale', nodes } as const;
  return [
    {
      ...one,
      what: 'CPU of decide',
      value: digest?.cpuMilliseconds,
      unit: 'ms',
    },
    {
      ...one,
      what: 'CPU of decide by the reference',
      value: digest?.timesReference,
      unit: 'ratio',
      bound: isBound ? CPU_RATIO : undefined,
    },
    {
      ...one,
      what: 'peak memory of decide, with the lab’s own',
      value: digest?.peakBytes,
      unit: 'B',
      bound: isBound ? MEMORY_BYTES : undefined,
    },
  ];
}
