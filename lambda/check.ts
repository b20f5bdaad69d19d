import type { Problem, Report } from '../shared/contract/report.ts';
import { VERSION } from '../shared/contract/version.ts';
import { withLateAnswers } from '../shared/core/matrix/api-states.ts';
import { reportOf } from '../shared/core/run/report.ts';
import { type Decision, run as decideRun } from '../shared/core/run/run.ts';
import { hostFigures } from '../shared/core/telemetry/figures.ts';
import { pointsOf } from '../shared/core/telemetry/points.ts';
import { formatTime } from '../shared/core/time.ts';
import { act, actOnPending } from './act.ts';
import { reportCompletion } from './completed.ts';
import { type Deadline, earlier, within } from './deadline.ts';
import { errorText } from './error-text.ts';
import { gather } from './gather.ts';
import { hostsBehind } from './hosts.ts';
import type { LatencyReadings } from './latency-round.ts';
import type { Invocation } from './invocation.ts';
import { namesAfter, type NodeListOfRun } from './node-list.ts';
import type { Lease } from './systems/incident-store/incident-store.ts';
import type { Memory } from './systems/incident-store/stored.ts';
import { log } from './systems/log.ts';
import { type Agents, learnAgents } from './systems/ssm/agents.ts';
import { firstPollMs } from './systems/ssm/first-poll.ts';

/**
 * One run: gather, decide, act. State, pages and events are written first, in one conditional write; pages
 * go out next, then the events; other telemetry comes last. Whatever dies in between, the next run goes on
 * from the state.
 */
export async function check(invocation: Invocation): Promise<Report> {
  const { systems, settings, scheduledTime, id, now, end } = invocation;
  const tick = { scheduledTime, owner: id, now, expiresAt: end.at };
  const lease = await systems.store.acquire(tick, within(ACQUIRE_MS, end));
  if (lease.kind === 'refused') {
    log('run.refused', { cluster: settings.cluster, reason: lease.reason });
    return notRun(invocation, lease.reason);
  }
  try {
    return invocation.pagesNobody === true
      ? await look(lease, invocation)
      : await checkUnder(lease, invocation);
  } finally {
    // A lease that could not be released ends by itself.
    await lease.release(end).catch((error: unknown) => {
      log('lease.release-failed', { cluster: settings.cluster, error: errorText(error) });
    });
  }
}

/** How long the table may take to open a run: without it the run goes on from what the process knows. */
const ACQUIRE_MS = 8000;

/** A run for a person who wants to see, and not to page: the next tick finds all as if it had not been. */
async function look(lease: Lease, invocation: Invocation): Promise<Report> {
  const { settings, end } = invocation;
  const { decision, latency } = await decide(lease, invocation);
  const settled = await latency.settle(settings.limits.slowSeconds * 1000, end);
  log('run.looked', { cluster: settings.cluster });
  const problems = [...lease.problems, ...settled.problems];
  const ended = { ...decision, latencies: settled.latencies };
  return reportOf(ended, { problems, integrations: invocation.integrations });
}

interface Decided extends Omit<Awaited<ReturnType<typeof gather>>, 'facts'> {
  readonly decision: Decision;
}

async function decide(lease: Lease, invocation: Invocation): Promise<Decided> {
  const { facts, ...gathered } = await gather(invocation, lease);
  const hosts = hostsBehind(invocation, {
    ...gathered,
    roster: lease.memory.roster,
    firstPollMs: firstPollMs(gathered.answerTime),
  });
  const evaluated = { 'vtepwatch.host.count': facts.observations.length };
  const decision = await invocation.systems.telemetry.span(
    'vtepwatch.evaluate',
    evaluated,
    async (annotate) => {
      const decided = await decideRun(facts, lease.state.incidents, hosts);
      annotate({ 'vtepwatch.incident.reasons': [...new Set(decided.reasons.values())] });
      return decided;
    },
  );
  return { ...gathered, decision };
}

async function checkUnder(lease: Lease, invocation: Invocation): Promise<Report> {
  const { systems, end } = invocation;
  const before = await actOnPending(invocation, lease);
  const { decision, latency, nodeList, answerTime } = await decide(lease, invocation);
  const paging = await act(invocation, lease, { decision, outbox: before.outbox });
  // The pages are out, so the masters now have as long to answer as a good one needs at most.
  const settled = await latency.settle(invocation.settings.limits.slowSeconds * 1000, end);
  const subscribers = await systems.subscribers(end);
  const { agents, problems } = await askAgents(invocation, decision, lease.memory);
  const hasMaster = Object.keys(nodeList.masters).length > 0;
  const runsWithoutMaster = hasMaster ? 0 : lease.memory.runsWithoutMaster + 1;
  const names = namesAfter(lease.memory, settled, nodeList);
  const memory = {
    ...memoryOf(decision, settled),
    ...names,
    apis: withLateAnswers(decision.apis, decision.latencies, settled.latencies),
    packets: nextPackets(lease.memory, decision),
    agents,
    answerTime,
    runsWithoutMaster,
  };
  const forgotten = await remember(lease, { memory, list: nodeList.list }, end);
  const ended = { ...decision, latencies: settled.latencies };
  const report = reportOf(ended, {
    problems: [
      ...lease.problems,
      ...unstoredProblem(lease),
      ...settled.problems,
      ...before.dropped,
      ...paging.dropped,
      ...paging.undelivered,
      ...paging.problems,
      ...(subscribers === 0 ? [UNREAD] : []),
      ...problems,
      ...forgotten,
    ],
    integrations: invocation.integrations,
  });
  emit(invocation, ended, report);
  const unstored = lease.unstored();
  if (unstored !== undefined) {
    throw new Error('the run has checked and paged, and its state is not stored', {
      cause: unstored,
    });
  }
  await reportCompletion(invocation, report, { outbox: paging.outbox, subscribers });
  return report;
}

const UNREAD: Problem = {
  where: 'sns',
  message: 'nobody is paged: the topic is the only channel, and has no confirmed subscriber',
};

function unstoredProblem(lease: Lease): readonly Problem[] {
  const unstored = lease.unstored();
  if (unstored === undefined) return [];
  const message = `the state is unavailable, and pages may repeat: ${errorText(unstored)}`;
  return [{ where: 'DynamoDB', message }];
}

/** How long the inventory may take, and what is left of the run for memory and telemetry after it. */
const INVENTORY_MS = 12_000;
const AFTER_INVENTORY_MS = 4000;

/** Why hosts are silent is for the next run to report: this one's verdict does not wait for it. */
async function askAgents(
  { systems, settings, now, end }: Invocation,
  { facts: { observations }, roster }: Decision,
  { agents: known }: Memory,
): Promise<{ readonly agents: Agents; readonly problems: readonly Problem[] }> {
  const until = within(INVENTORY_MS, earlier(end, AFTER_INVENTORY_MS));
  const asked = { agents: known, observations, roster, targets: settings.targets, now };
  const { agents, troubles } = await learnAgents(systems.inventory, asked, until);
  const problems = troubles.map((message) => ({ where: 'Systems Manager', message }));
  return { agents, problems };
}

/** Rounds begin anew before their number grows long. */
const ROUNDS = 1_000_000;

function nextPackets({ packets }: Memory, { suspects }: Decision): Memory['packets'] {
  return { round: ((packets?.round ?? 0) + 1) % ROUNDS, suspects };
}

function memoryOf(
  { facts, roster }: Decision,
  { unanswered, names }: LatencyReadings,
): Omit<
  Memory,
  'agents' | 'answerTime' | 'runsWithoutMaster' | 'nameSums' | 'isListStale' | 'apis' | 'packets'
> {
  const silent = facts.observations.flatMap((observation) =>
    observation.kind === 'unknown' && observation.isSlow !== true ? [observation.instanceId] : [],
  );
  const listed = names.length > 0 ? names : facts.listedNames;
  return { roster, ...unanswered, silent, listed };
}

/** What is not remembered makes the next run less sure, and takes nothing from what this one saw. */
async function remember(
  lease: Lease,
  { memory, list }: { readonly memory: Memory; readonly list: NodeListOfRun['list'] },
  deadline: Deadline,
): Promise<readonly Problem[]> {
  const saved = await Promise.allSettled([
    lease.saveMemory(memory, deadline),
    ...(list === undefined ? [] : [lease.saveNodeList(list, deadline)]),
  ]);
  return saved.flatMap((one) =>
    one.status === 'rejected' ? [{ where: 'DynamoDB', message: errorText(one.reason) }] : [],
  );
}

function emit({ systems, now, end }: Invocation, decision: Decision, report: Report): void {
  const { judgement, facts, latencies } = decision;
  const ended = end.clock.now();
  systems.telemetry.record(
    pointsOf(report, {
      ...hostFigures(judgement, facts.observations),
      latencies,
      durationSeconds: (ended - now) / 1000,
      endedAtSeconds: ended / 1000,
    }),
  );
  log('run.ended', {
    cluster: report.cluster,
    verdict: report.verdict,
    observed: report.hosts.observed.length,
    unknown: report.hosts.unknown.length,
    incidents: report.incidents.map(({ key, phase }) => ({
      key,
      phase,
      reason: decision.reasons.get(key),
    })),
    problems: report.problems,
    seconds: (ended - now) / 1000,
  });
}

function notRun({ settings, now }: Invocation, reason: string): Report {
  return {
    version: VERSION,
    cluster: settings.cluster,
    at: formatTime(now),
    verdict: 'unjudged',
    hosts: { observed: [], unknown: [] },
    incidents: [],
    problems: [{ where: settings.cluster, message: reason }],
    latencies: [],
    refused: reason,
  };
}
