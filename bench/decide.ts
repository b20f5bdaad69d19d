/**
 * One cell of the benchmark's table of `decide`: simulates a cluster with one fault, reads its answers and
 * decides, and prints what that took as one line of JSON. A program of its own, so that its peak
 * memory is its own.
 *
 *     node bench/decide.ts NODES CASE
 */
import { nodeObjects } from '../lab/control-plane/objects.ts';
import type { SimulatedHost } from '../lab/machines/machine.ts';
import { type SimulatedCluster, simulateCluster } from '../lab/machines/simulated/cluster.ts';
import { simulatedHosts } from '../lab/machines/simulated/hosts.ts';
import { type CaseName, CASES, isCase } from './cases.ts';
import { median } from './measurement.ts';
import { referenceMilliseconds, since } from './reference.ts';
import { packState } from '../lambda/systems/incident-store/pack-state.ts';
import { NOTHING_STORED } from '../lambda/systems/incident-store/stored.ts';
import type { Report } from '../shared/contract/report.ts';
import { limitsSchema } from '../shared/contract/settings.ts';
import type { Facts } from '../shared/core/facts.ts';
import { parseHostAnswer } from '../shared/core/parse/host-answer.ts';
import { parseNodes } from '../shared/core/parse/kubernetes.ts';
import { reportOf } from '../shared/core/run/report.ts';
import { recorded } from '../shared/core/run/hosts.ts';
import { type Decision, run } from '../shared/core/run/run.ts';
import { hostFigures } from '../shared/core/telemetry/figures.ts';
import { pointsOf } from '../shared/core/telemetry/points.ts';

/** How often it is decided. Of times the median is shown. Of ratios the least counts: what else the computer
 * does slows one of the two computations for a while, and quickens neither. */
const REPEATS = 4;

const [wantedSize = '', wantedCase = ''] = process.argv.slice(2);
if (!isCase(wantedCase) || !/^\d+$/.test(wantedSize)) {
  throw new Error('Usage: node bench/decide.ts NODES CASE');
}
const measured = await measure(Number(wantedSize), wantedCase);
process.stdout.write(`${JSON.stringify(measured)}\n`);

async function measure(nodes: number, name: CaseName): Promise<object> {
  const hosts = simulatedHosts(nodes, Math.min(3, nodes));
  const { damages, unknownShare } = CASES[name](hosts.map((host) => host.name));
  const cluster = simulateCluster(hosts);
  cluster.inflict(...damages);
  const texts = cluster.hosts.map((host, place) =>
    place >= nodes * (1 - unknownShare) ? undefined : ask(host, 'digest'),
  );
  const cpu: number[] = [];
  const timesReference: number[] = [];
  // The first ones are not compiled.
  for (let warming = 0; warming < REPEATS; warming++) referenceMilliseconds();
  let last: Outcome | undefined;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    last = undefined;
    const earlier = referenceMilliseconds();
    const before = process.cpuUsage();
    last = await outcomeOf(cluster, texts);
    const milliseconds = since(before) - last.askingMilliseconds;
    cpu.push(milliseconds);
    timesReference.push((2 * milliseconds) / (earlier + referenceMilliseconds()));
  }
  if (last === undefined) throw new Error('Nothing was measured.');
  const { decision, report, readInFull } = last;
  const points = pointsOf(report, {
    ...hostFigures(decision.judgement, decision.facts.observations),
    latencies: decision.latencies,
    durationSeconds: 1,
    endedAtSeconds: 1,
  });
  const outbox = decision.pages.map((page) => ({ page, channels: ['sns'] }));
  const state = { ...NOTHING_STORED, incidents: decision.incidents, outbox };
  const { document } = await packState('the bench', state);
  return {
    cpuMilliseconds: median(cpu),
    timesReference: Math.min(...timesReference),
    answerBytes: Math.max(0, ...texts.map((text = '') => text.length)),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    series: points.length,
    incidents: report.incidents.length,
    verdict: report.verdict,
    readInFull,
    reportBytes: Buffer.byteLength(JSON.stringify(report)),
    stateBytes: document.B?.length ?? 0,
    pageBytes: Math.max(0, ...decision.pages.map(({ text }) => Buffer.byteLength(text))),
  };
}

function ask(host: SimulatedHost, action: 'digest' | 'tables'): string {
  return host.answer(new Map([['Action', action]]));
}

interface Outcome {
  readonly decision: Decision;
  readonly report: Report;
  readonly readInFull: number;
  /** What the lab itself took for answers in full. */
  readonly askingMilliseconds: number;
}

/** The function's run, with hosts that answer from memory and at once. */
async function outcomeOf(
  cluster: SimulatedCluster,
  texts: readonly (string | undefined)[],
): Promise<Outcome> {
  let askingMilliseconds = 0;
  let readInFull = 0;
  const decision = await run(factsOf(cluster, texts), [], {
    ...recorded([]),
    tables: async ({ instanceIds }) => {
      const before = process.cpuUsage();
      const asked = new Set(instanceIds);
      const answers = cluster.hosts
        .filter((host) => asked.has(host.instanceId))
        .map((host) => ({ instanceId: host.instanceId, text: ask(host, 'tables') }));
      askingMilliseconds += since(before);
      readInFull += answers.length;
      return {
        observations: answers.map((answer) => parseHostAnswer('tables', answer)),
        problems: [],
      };
    },
  });
  return { decision, report: reportOf(decision), readInFull, askingMilliseconds };
}

function factsOf(cluster: SimulatedCluster, texts: readonly (string | undefined)[]): Facts {
  const now = Date.now();
  const listed = parseNodes('kubernetes', { items: nodeObjects(cluster.hosts, now) }).value;
  return {
    cluster: 'simulated',
    now,
    limits: limitsSchema.parse({ graceSeconds: 0 }),
    nodes: { kind: 'read', before: listed, after: listed },
    listedNames: [],
    daemonSets: [],
    observations: cluster.hosts.map(({ instanceId, name: node }, place) => {
      const text = texts[place];
      const silent = { kind: 'unknown', instanceId, node, error: 'timeout' } as const;
      return text === undefined
        ? { ...silent, reason: 'no answer yet (Delayed)' }
        : parseHostAnswer('digest', { instanceId, text });
    }),
    roster: [],
    problems: [],
  };
}
