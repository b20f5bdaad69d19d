/**
 * One cell of the benchmark's table of `decide`: makes a crowd with one fault, reads its answers and
 * decides, and prints what that took as one line of JSON. A program of its own, so that its peak
 * memory is its own; among the tests, since it needs both the lab and the core.
 *
 *     node test/bench/decide.ts NODES CASE digest|tables
 */
import { nodeObjects } from '../../lab/control-plane/nodes.ts';
import { type Crowd, createCrowd } from '../../lab/crowd/crowd.ts';
import { type CaseName, CASES, isCase } from '../../lab/bench/cases.ts';
import { packState } from '../../lambda/shell/incident-store/pack-state.ts';
import { limitsSchema } from '../../shared/contract/settings.ts';
import { decide } from '../../shared/core/decide.ts';
import type { Facts } from '../../shared/core/facts.ts';
import { type Judgement, judge } from '../../shared/core/judge.ts';
import type { Observation } from '../../shared/core/overlay.ts';
import { parseHostAnswer } from '../../shared/core/parse/host-answer.ts';
import { parseNodes } from '../../shared/core/parse/nodes.ts';
import { failuresOf, nodeFigures } from '../../shared/core/telemetry/figures.ts';
import { pointsOf } from '../../shared/core/telemetry/points.ts';
import { nodesToRead, readingOf } from '../../shared/core/to-read.ts';

/** How often it is decided; the median counts, so that the first, uncompiled time does not. Dumps take
 * long enough to be compiled. */
const REPEATS = { digest: 3, tables: 1 } as const;

/** As the function does it: rounds of hosts read in full, and calls for their pages in a round. */
const ROUNDS = 3;
const FETCHES = 100;

type Way = 'digest' | 'tables';

const [wantedSize = '', wantedCase = '', wantedWay = ''] = process.argv.slice(2);
if (!isCase(wantedCase) || !isWay(wantedWay) || !/^\d+$/.test(wantedSize)) {
  throw new Error('Usage: node test/bench/decide.ts NODES CASE digest|tables');
}
const measured = await measure(Number(wantedSize), wantedCase, wantedWay);
process.stdout.write(`${JSON.stringify(measured)}\n`);

function isWay(text: string): text is Way {
  return text === 'digest' || text === 'tables';
}

async function measure(nodes: number, name: CaseName, way: Way): Promise<object> {
  const { faults, unknownShare } = CASES[name](nodes);
  const crowd = createCrowd({ size: nodes, masters: Math.min(3, nodes) });
  crowd.suffer(...faults);
  const texts = crowd.hosts.map((host, place) =>
    place >= nodes * (1 - unknownShare) ? undefined : ask(host, way),
  );
  const cpu: number[] = [];
  let last: Outcome | undefined;
  for (let repeat = 0; repeat < REPEATS[way]; repeat++) {
    last = undefined;
    const before = process.cpuUsage();
    last = outcomeOf(crowd, texts, way);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000 - last.askingMilliseconds);
  }
  if (last === undefined) throw new Error('Nothing was measured.');
  const { facts, judgement, decision, readInFull } = last;
  const points = pointsOf(decision.report, {
    durationSeconds: 1,
    endedAtSeconds: 1,
    nodes: nodeFigures(judgement),
    failures: failuresOf(facts.observations),
    orchestrationDirectories: 3,
  });
  const outbox = decision.pages.map((page) => ({ page, routes: ['sns'] }));
  const state = await packState('the bench', { incidents: decision.incidents, outbox });
  return {
    cpuMilliseconds: cpu.toSorted((one, two) => one - two)[Math.floor(REPEATS[way] / 2)],
    peakBytes: process.resourceUsage().maxRSS * 1024,
    series: points.length,
    incidents: decision.report.incidents.length,
    verdict: decision.report.verdict,
    readInFull,
    reportBytes: Buffer.byteLength(JSON.stringify(decision.report)),
    stateBytes: state.B?.length ?? 0,
    pageBytes: Math.max(0, ...decision.pages.map(({ text }) => Buffer.byteLength(text))),
  };
}

type Host = Crowd['hosts'][number];

function ask(host: Host, action: Way): string {
  return host.answer(new Map([['Action', action]]));
}

interface Outcome {
  readonly facts: Facts;
  readonly judgement: Judgement;
  readonly decision: ReturnType<typeof decide>;
  readonly readInFull: number;
  /** What the lab itself took for answers in full. */
  readonly askingMilliseconds: number;
}

/** What the function does between the hosts' answers and its acts. */
function outcomeOf(crowd: Crowd, texts: readonly (string | undefined)[], way: Way): Outcome {
  let facts = factsOf(crowd, texts, way);
  let judgement = judge(facts);
  let askingMilliseconds = 0;
  const read = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const wanted = nodesToRead(judgement).filter((node) => !read.has(node));
    if (wanted.length === 0) break;
    const { nodes } = readingOf(wanted, judgement, FETCHES);
    const before = process.cpuUsage();
    const answers = new Map(
      crowd.hosts
        .filter((host) => nodes.includes(host.name))
        .map((host) => [host.instanceId, ask(host, 'tables')]),
    );
    const { user, system } = process.cpuUsage(before);
    askingMilliseconds += (user + system) / 1000;
    for (const node of wanted) read.add(node);
    facts = withTables(facts, answers);
    judgement = judge(facts);
  }
  const confirmed = { judgement, confirms: () => true };
  const decision = decide(facts, confirmed, []);
  return { facts, judgement, decision, readInFull: read.size, askingMilliseconds };
}

function factsOf(crowd: Crowd, texts: readonly (string | undefined)[], way: Way): Facts {
  const now = Date.now();
  const listed = parseNodes('kubernetes', { items: nodeObjects(crowd.hosts, now) }).value;
  return {
    cluster: 'crowd',
    now,
    limits: limitsSchema.parse({ graceSeconds: 0 }),
    nodes: { before: listed, after: listed },
    listedNames: [],
    pods: [],
    observations: crowd.hosts.map(({ instanceId, name: node }, place) => {
      const text = texts[place];
      const silent = { kind: 'unknown', instanceId, node, error: 'timeout' } as const;
      return text === undefined
        ? { ...silent, reason: 'no answer yet (Delayed)' }
        : parseHostAnswer(way, { instanceId, text });
    }),
    roster: [],
    latencies: [],
    problems: [],
  };
}

function withTables(facts: Facts, answers: ReadonlyMap<string, string>): Facts {
  const observations = facts.observations.map((one): Observation => {
    const text = one.kind === 'digest' ? answers.get(one.host.instanceId ?? '') : undefined;
    if (text === undefined || one.kind !== 'digest') return one;
    const whole = parseHostAnswer('tables', { instanceId: one.host.instanceId ?? '', text });
    return whole.kind === 'tables' ? { ...whole, digest: one.digest } : one;
  });
  return { ...facts, observations };
}
