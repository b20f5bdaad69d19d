import type { Problem, Report } from '../../shared/contract/report.ts';
import { type Limits, limitsSchema, type Targets } from '../../shared/contract/settings.ts';
import type { Facts } from '../../shared/core/facts.ts';
import type { Latency } from '../../shared/core/latency.ts';
import { CAUSE_RULES } from '../../shared/core/diagnose/causes.ts';
import type { Member } from '../../shared/core/members/member.ts';
import { reportOf } from '../../shared/core/run/report.ts';
import type { Incident } from '../../shared/core/incident/incident.ts';
import { type Decision, run } from '../../shared/core/run/run.ts';
import { deadlineIn } from '../../lambda/deadline.ts';
import { gather } from '../../lambda/gather.ts';
import { hostsBehind } from '../../lambda/hosts.ts';
import { type Memory, RUNS_WITHOUT_MASTER } from '../../lambda/systems/incident-store/stored.ts';
import type { Agents } from '../../lambda/systems/ssm/agents.ts';
import { firstPollMs, UNKNOWN_ANSWER_TIME } from '../../lambda/systems/ssm/first-poll.ts';
import type { RunCommand } from '../../lambda/systems/ssm/run-command.ts';
import { systemClock } from '../../lambda/systems/system-clock.ts';
import { createRecorder } from '../../lambda/systems/telemetry/recorder.ts';
import { withNodesOfSilent, withoutYet } from './silent-nodes.ts';

/** Hosts that are asked with an operator's own rights, with nothing remembered of earlier runs. */
interface AskedHosts {
  readonly commands: RunCommand;
  readonly targets: Targets;
  readonly cluster: string;
  /** How long all of them may take for an answer; default: as long as the function waits. */
  readonly answerSeconds?: number;
  /** Where they are registered with Systems Manager, and what it says of their agents. */
  readonly site?: Facts['site'];
  readonly agents?: Agents;
  /** What a host may be called, by its id: to know the nodes of those that do not answer. */
  readonly hostOf?: (id: string) => string;
  /** What goes wrong before the hosts are asked, or between two questions. */
  readonly problems?: () => readonly Problem[];
}

/** Left of a check beside the answers of all hosts to one command: for the list, tables and second look. */
const BESIDES_SECONDS = 120;

/** What a check found, and the ids of the hosts that answered, by the names of their nodes. */
interface CheckedHosts {
  readonly report: Report;
  readonly ids: ReadonlyMap<string, string>;
}

/** A loss of packets is believed from the second run on that finds it, and a first may only suspect a node. */
const RUNS = 3;

/**
 * A run of the function without its state: nothing is stored, and nobody is paged. Where packets were lost more
 * follow, each with what the one before remembers: which tests a node answers, and whom more hosts are to try.
 */
export async function checkHosts(asked: AskedHosts): Promise<CheckedHosts> {
  let checked = await checkOnce(asked, NOTHING_REMEMBERED, []);
  for (let round = 1; round < RUNS; round++) {
    const { roster, suspects, incidents } = checked.decision;
    if (suspects.length === 0 || incidents.some(isOpenLoss)) break;
    const memory = { ...NOTHING_REMEMBERED, roster, packets: { round, suspects } };
    checked = await checkOnce(asked, memory, incidents);
  }
  const { members } = checked.decision.judgement;
  return { report: withoutYet(checked.report), ids: idsIn(members) };
}

function isOpenLoss({ phase, reported }: Incident): boolean {
  return phase === 'open' && CAUSE_RULES[reported.cause].isOfPackets === true;
}

async function checkOnce(
  asked: AskedHosts,
  memory: Memory,
  open: readonly Incident[],
): Promise<{ readonly decision: Decision; readonly report: Report }> {
  const invocation = invocationOf(asked);
  const { deadline } = invocation;
  const remembered = { memory: { ...memory, agents: asked.agents }, nodeList: undefined };
  const gathered = await gather(invocation, remembered);
  const facts = withNodesOfSilent(gathered.facts, asked.hostOf ?? ((id) => id));
  const isAnyRead = facts.observations.some(({ kind }) => kind !== 'unknown');
  const problems = [
    ...facts.problems,
    ...(asked.problems?.() ?? []),
    ...(facts.nodes.kind === 'read' || !isAnyRead ? [] : [NO_LIST]),
  ];
  const known = {
    ...gathered,
    roster: memory.roster,
    firstPollMs: firstPollMs(gathered.answerTime),
  };
  const hosts = hostsBehind({ ...invocation, note: () => {} }, known);
  const decision = await run({ ...facts, problems }, open, hosts);
  const { slowSeconds } = invocation.settings.limits;
  const settled = await gathered.latency.settle(slowSeconds * 1000, deadline);
  const report = reportOf(
    { ...decision, latencies: settled.latencies },
    { problems: settled.problems },
  );
  return { decision, report };
}

const NO_LIST: Problem = {
  where: 'node list',
  message:
    'no host reported it, so nodes that were not asked are known only by what others hold of them, and API servers ' +
    'were not timed. A master reports it as root: name the masters, and over ssh log in as root or add --sudo',
};

function idsIn(members: readonly Member[]): ReadonlyMap<string, string> {
  return new Map(
    members.flatMap(({ node, observed }) => {
      const id = observed?.host.instanceId;
      return id === undefined ? [] : [[node, id] as const];
    }),
  );
}

/** What a run begins with: the first answers of the hosts, the node list, and the times of the API servers. */
export async function gatherFacts(
  asked: AskedHosts,
): Promise<{ readonly facts: Facts; readonly latencies: readonly Latency[] }> {
  const invocation = invocationOf(asked);
  const memory = { ...NOTHING_REMEMBERED, agents: asked.agents };
  const { facts, latency } = await gather(invocation, { memory, nodeList: undefined });
  const { slowSeconds } = invocation.settings.limits;
  const { latencies } = await latency.settle(slowSeconds * 1000, invocation.deadline);
  return { facts, latencies };
}

interface DirectInvocation extends Omit<Parameters<typeof gather>[0], 'settings'> {
  readonly settings: {
    readonly cluster: string;
    readonly limits: Limits;
    readonly runbook: undefined;
    readonly targets: Targets;
    readonly site: Facts['site'];
  };
}

function invocationOf(asked: AskedHosts): DirectInvocation {
  const { commands, targets, cluster, answerSeconds, site } = asked;
  // There is no later run in which the fault of a lone pair could have lasted.
  const limits = limitsSchema.parse({
    pairPatienceSeconds: 0,
    ...(answerSeconds === undefined ? {} : { answerSeconds }),
  });
  return {
    systems: {
      ssm: commands,
      kubernetes: { kind: 'not-configured' },
      // Without a started SDK the recorder records nothing.
      telemetry: { ...createRecorder('vtepwatch', systemClock), flushEvents: async () => [] },
    },
    settings: {
      cluster,
      limits,
      runbook: undefined,
      targets,
      site,
    },
    now: systemClock.now(),
    deadline: deadlineIn((limits.answerSeconds + BESIDES_SECONDS) * 1000, systemClock),
    problems: [],
  };
}

/** Without a master among the hosts there is no list to wait for: their own answers take its place. */
const NOTHING_REMEMBERED: Memory = {
  agents: undefined,
  roster: [],
  latencyCommand: undefined,
  apisCommand: undefined,
  silent: [],
  listed: [],
  answerTime: UNKNOWN_ANSWER_TIME,
  runsWithoutMaster: RUNS_WITHOUT_MASTER,
};
