import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { type SimulatedWorld, startSimulatedWorld } from '../lab/world.ts';
import { VENDOR_LIMITS } from '../lab/otlp/vendor-limits.ts';
import type { Measurement, Progress } from './measurement.ts';
import { childRunning, type Usage, usageOf } from './process-usage.ts';

const MASTERS = 3;

/** What the function may have as memory, as the stack deploys it. */
const MEMORY_BYTES = 512 * 1024 * 1024;

/** How a part of the calls may exceed the fewest possible, without polls. */
const CALLS_ALLOWED = 1.2;

/** Calls for secrets are no part of the bound; nor are polls: counts, and the same page once more. */
const COUNTED = ['SendCommand', 'ListCommandInvocations', 'GetCommandInvocation'] as const;

/** A healthy run of the deployed bundle, the second of a warm function. */
export async function measureRun(
  nodes: number,
  bundle: string,
  progress: Progress,
): Promise<readonly Measurement[]> {
  progress(`a whole run, ${nodes} nodes`);
  const world = await startSimulatedWorld(simulatedHosts(nodes, MASTERS), {
    kubernetes: { imageBytes: 2000 },
    bundle,
  });
  try {
    await world.tick();
    const pid = await childRunning('runtime.ts');
    const usage = async (): Promise<Usage | undefined> =>
      pid === undefined ? undefined : usageOf(pid);
    world.otlp.clear();
    world.otlp.limit(VENDOR_LIMITS.cloudwatch);
    const before = { calls: world.aws.ssm.gate.calls.length, usage: await usage() };
    const began = performance.now();
    const report = await world.tick();
    const milliseconds = performance.now() - began;
    if (report.verdict !== 'healthy') throw new Error(`The run says ${report.verdict}.`);
    return figures(nodes, world, { before, after: await usage(), milliseconds });
  } finally {
    await world.close();
  }
}

interface Run {
  readonly before: { readonly calls: number; readonly usage: Usage | undefined };
  readonly after: Usage | undefined;
  readonly milliseconds: number;
}

function figures(nodes: number, { aws, otlp }: SimulatedWorld, run: Run): readonly Measurement[] {
  const calls = new Set(
    aws.ssm.gate.calls
      .slice(run.before.calls)
      .filter(({ operation }) => COUNTED.some((counted) => counted === operation))
      .map(({ operation, input }) => `${operation} ${JSON.stringify(input)}`),
  );
  // Three commands, one of them to all hosts and two to the masters, and the pages of their answers.
  const fewest = 3 + Math.ceil(nodes / 50) + 2 * Math.ceil(MASTERS / 50);
  const requests = otlp.requests();
  const points = requests.reduce((sum, { points: { length } }) => sum + length, 0);
  const bytes = requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  const raw = requests.reduce((sum, { rawBytes }) => sum + rawBytes, 0);
  const ofMetrics = requests.filter(({ signal }) => signal === 'metrics');
  const refused = ofMetrics.filter(({ answer }) => answer.kind !== 'accept');
  const used = run.after?.cpuMilliseconds;
  const cpu = used === undefined ? undefined : used - (run.before.usage?.cpuMilliseconds ?? 0);
  const elsewhere = used === undefined ? 'not told by this system' : undefined;
  const one = { part: 'scale', nodes } as const;
  return [
    {
      ...one,
      what: 'API calls of a run, without polls',
      value: calls.size,
      unit: 'calls',
      bound: CALLS_ALLOWED * fewest,
      note: `at least ${fewest}`,
    },
    { ...one, what: 'series', value: points, unit: 'points', bound: 7 * nodes + 2 * MASTERS + 60 },
    { ...one, what: 'OTLP, compressed', value: bytes, unit: 'B' },
    { ...one, what: 'OTLP, before compression', value: raw, unit: 'B' },
    {
      ...one,
      what: 'requests of metrics to a backend that takes 1,000 points',
      value: ofMetrics.length,
      unit: 'calls',
      bound: Math.ceil(points / 1000) + refused.length,
      note: `${refused.length} refused`,
    },
    { ...one, what: 'wall time of a run', value: run.milliseconds, unit: 'ms' },
    { ...one, what: 'CPU of the function', value: cpu, unit: 'ms', note: elsewhere },
    {
      ...one,
      what: 'peak memory of the function',
      value: run.after?.peakBytes,
      unit: 'B',
      bound: MEMORY_BYTES,
      note: elsewhere,
    },
  ];
}
