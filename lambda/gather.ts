import { packetRound } from '../shared/contract/probe.ts';
import type { Facts } from '../shared/core/facts.ts';
import {
  isComplete,
  type RememberedList,
  unlessExpired,
} from '../shared/core/nodes/remembered-list.ts';
import { isSameHost } from '../shared/core/members/identity.ts';
import type { Observation } from '../shared/core/overlay/vtep.ts';
import { askHosts, collectSpan, type TimedAnswers } from './ask-hosts.ts';
import { askDaemonSets, askNodes, problemsOf } from './ask-kubernetes.ts';
import { type Deadline, earlier, within } from './deadline.ts';
import {
  askMasters,
  type LatencyRound,
  latencyRound,
  type Masters,
  readingsOf,
  takeUp,
} from './latency-round.ts';
import type { Invocation } from './invocation.ts';
import { askForList, isListDue, type NodeListOfRun, nodeListOfRun } from './node-list.ts';
import { type LearnedList, NODE_LIST_MS } from './node-list-round.ts';
import type { Lease } from './systems/incident-store/incident-store.ts';
import type { Memory } from './systems/incident-store/stored.ts';
import { explainSilence } from './systems/ssm/agents.ts';
import { type AnswerTime, firstPollMs, nextAnswerTime } from './systems/ssm/first-poll.ts';

/** How long Kubernetes may take for a list; the hosts are asked at the same time. */
const KUBERNETES_MS = 8000;

/** The facts of the hosts' first answers, and the questions to the masters that are under way. */
interface Gathered {
  readonly facts: Facts;
  readonly latency: LatencyRound;
  readonly answeredBy: TimedAnswers['answeredBy'];
  readonly answerTime: AnswerTime;
  readonly nodeList: NodeListOfRun;
}

/** What earlier runs remember. */
type Remembered = Pick<Lease, 'memory' | 'nodeList'>;

/** What gathering takes of an invocation. */
interface GatheringInvocation extends Pick<Invocation, 'now' | 'deadline' | 'problems'> {
  readonly systems: Pick<Invocation['systems'], 'ssm' | 'kubernetes' | 'telemetry'>;
  /** Without a topic and a site nothing is gathered through AWS. */
  readonly settings: Pick<Invocation['settings'], 'cluster' | 'limits' | 'runbook' | 'targets'> &
    Partial<Pick<Invocation['settings'], 'topicArn'>> & { readonly site?: Facts['site'] };
}

/** Learns everything that a run begins with. What cannot be learned is a problem, never an error. */
export async function gather(
  invocation: GatheringInvocation,
  { memory, nodeList: stored }: Remembered,
): Promise<Gathered> {
  const { systems, settings, deadline, now } = invocation;
  const listing = (): Deadline => within(KUBERNETES_MS, deadline);
  const listingBefore = askNodes(systems.kubernetes, listing());
  const listingDaemonSets = askDaemonSets(systems.kubernetes, listing());
  const known = mastersIn(memory);
  const asking = askMasters(systems.ssm, known, deadline);
  const kept = unlessExpired(stored, { now, rosterDays: settings.limits.rosterDays });
  const remembered = kept.list;
  const askingForList = askFirst(invocation, { masters: known, memory, remembered });
  const asked = await askForDigests(invocation, memory);
  const listingAfter = askNodes(systems.kubernetes, listing());
  const masters = await asking;
  // The first run learns who the masters are from the hosts' answers.
  const answering = masters.questions.length === 0 ? mastersAmong(asked.observations) : {};
  const mastersLater = await askMasters(systems.ssm, answering, deadline);
  const takenUp = await takeUp(systems.ssm, memory, deadline);
  const questions = [...takenUp, ...masters.questions, ...mastersLater.questions];
  const { names } = readingsOf(takenUp);
  const [before, after] = [await listingBefore, await listingAfter];
  const { observations } = asked;
  const everyMaster = { ...mastersAmong(observations), ...known };
  const late = { masters: everyMaster, memory, remembered, observations };
  const learned =
    (await askingForList) ??
    (before.kind === 'read' && after.kind === 'read' ? undefined : await askLate(invocation, late));
  const daemonSets = await listingDaemonSets;
  const nodeList = nodeListOfRun({
    learned,
    kubernetes: { before, after, daemonSets },
    remembered,
    masters: everyMaster,
    runsWithoutMaster: memory.runsWithoutMaster,
    now,
  });
  const { answeredBy, firstPollWasEnough: wasEnough } = asked;
  const at = firstPollMs(memory.answerTime);
  return {
    latency: latencyRound(systems.ssm, questions),
    answeredBy,
    answerTime: nextAnswerTime(memory.answerTime, { at, wasEnough }),
    nodeList,
    facts: {
      cluster: settings.cluster,
      now,
      limits: settings.limits,
      runbook: settings.runbook,
      site: siteOf(settings),
      nodes: nodeList.nodes,
      listedNames: names.length > 0 ? names : memory.listed,
      daemonSets: nodeList.list?.daemonSets ?? [],
      observations: explainSilence(asked.observations, memory.agents, memory.roster),
      roster: memory.roster,
      apis: memory.apis,
      gone: new Set(memory.agents?.gone),
      problems: [
        ...invocation.problems,
        ...asked.problems,
        ...masters.problems,
        ...mastersLater.problems,
        ...problemsOf([before, after, daemonSets]),
        ...kept.problems,
        ...nodeList.problems,
      ],
    },
  };
}

/** The topic is where the hosts are: one stack watches one cluster. */
function siteOf({ topicArn, targets, site }: GatheringInvocation['settings']): Facts['site'] {
  if (topicArn === undefined) return site;
  const [, , , region = '', account = ''] = topicArn.split(':');
  return { account, region, targets };
}

/** What the masters are asked about. */
interface AskedForList {
  readonly masters: Masters;
  readonly memory: Memory;
  readonly remembered: RememberedList | undefined;
}

/** Asks the masters that are known, where no kubeconfig stands for them and the list is due. */
async function askFirst(
  { systems, deadline, now }: GatheringInvocation,
  { masters, memory, remembered }: AskedForList,
): Promise<LearnedList | undefined> {
  const isKubeconfigs =
    systems.kubernetes.kind === 'open' &&
    remembered?.source === 'kubeconfig' &&
    isComplete(remembered);
  if (isKubeconfigs || Object.keys(masters).length === 0) return undefined;
  if (!isListDue(remembered, now) && memory.isListStale !== true) return undefined;
  const asked = { masters, givenUp: givenUpBy(memory), remembered, now };
  const hasList = remembered !== undefined && isComplete(remembered);
  const isBridge = hasList || systems.kubernetes.kind === 'open';
  const until = isBridge ? within(NODE_LIST_MS, deadline) : earlier(deadline, FIRST_LIST_MS);
  return await askForList(systems.ssm, asked, until);
}

/** Left of a run whose first list has come as late as it may: for the second look. */
const FIRST_LIST_MS = 16_000;

/**
 * Asks the masters once the hosts have answered: where there is no list, since nothing is paged without
 * one; where a host was replaced, since the list that is not read in every run is then an old one; and
 * where the API that a kubeconfig leads to has not answered.
 */
async function askLate(
  { systems, deadline, now }: GatheringInvocation,
  {
    masters,
    memory,
    remembered,
    observations,
  }: AskedForList & { readonly observations: readonly Observation[] },
): Promise<LearnedList | undefined> {
  const hasList = remembered !== undefined && isComplete(remembered);
  const isStale = memory.isListStale === true || isSomeReplaced(observations, memory);
  const isOld = remembered?.source === 'kubeconfig' || isStale;
  if ((hasList && !isOld) || Object.keys(masters).length === 0) return undefined;
  const asked = { masters, givenUp: givenUpBy(memory), remembered, now };
  const until = hasList ? within(NODE_LIST_MS, deadline) : earlier(deadline, FIRST_LIST_MS);
  return await askForList(systems.ssm, asked, until);
}

/** Whether a host answers under a name that another one had in earlier runs. */
function isSomeReplaced(
  observations: readonly Observation[],
  { roster }: Pick<Memory, 'roster'>,
): boolean {
  const before = new Map(roster.map((entry) => [entry.node, entry]));
  return observations.some((one) => {
    if (one.kind === 'unknown') return false;
    const known = before.get(one.host.node);
    return known?.instanceId !== undefined && !isSameHost(one.host, known);
  });
}

async function askForDigests(
  { systems, settings, deadline }: GatheringInvocation,
  memory: Memory,
): Promise<TimedAnswers> {
  const { round = 0, suspects = [] } = memory.packets ?? {};
  const wanted = packetRound(round, suspects);
  const command = { action: 'digest', targets: settings.targets, wanted } as const;
  const until = within(settings.limits.answerSeconds * 1000, deadline);
  const waiting = {
    until,
    deadline,
    givenUp: givenUpBy(memory),
    firstPollMs: firstPollMs(memory.answerTime),
  };
  return await collectSpan(systems.telemetry, command.action, async () =>
    askHosts(systems.ssm, command, { waiting, roster: memory.roster }),
  );
}

/**
 * The hosts for which this run does not wait: those that were silent in the last one. Where most hosts
 * were silent, the service or the run itself failed, which says nothing of any host.
 */
export function givenUpBy({
  silent,
  roster,
}: Pick<Memory, 'silent' | 'roster'>): ReadonlySet<string> {
  return new Set(silent.length * 2 > roster.length ? [] : silent);
}

function mastersIn({ roster }: Memory): Masters {
  return Object.fromEntries(
    roster.flatMap(({ master, instanceId, node }) =>
      master && instanceId !== undefined ? [[instanceId, node]] : [],
    ),
  );
}

function mastersAmong(observations: readonly Observation[]): Masters {
  return Object.fromEntries(
    observations.flatMap((observation) =>
      observation.kind !== 'unknown' && observation.host.kubeconfig !== undefined
        ? [[observation.host.instanceId, observation.host.node]]
        : [],
    ),
  );
}
