import type { Facts } from '../shared/core/facts.ts';
import type { Answers } from '../shared/core/run/hosts.ts';
import type { Observation } from '../shared/core/overlay.ts';
import { askHosts, collectSpan } from './ask-hosts.ts';
import { askNodes, askPods, nodeListOf, problemsOf } from './ask-kubernetes.ts';
import { type Deadline, deadlineIn, nearer } from './deadline.ts';
import { errorText } from './error-text.ts';
import {
  type AskedMasters,
  askMasters,
  type LatencyRound,
  type Masters,
  takeUp,
} from './latency-round.ts';
import type { Run } from './run.ts';
import type { Memory } from './shell/incident-store/stored.ts';
import { explainSilence } from './shell/ssm/agents.ts';

/** How long Kubernetes may take for a list; the hosts are asked at the same time. */
const KUBERNETES_MS = 8000;

/** The facts of the hosts' first answers, and the command to the masters that is under way. */
export interface Gathered {
  readonly facts: Facts;
  readonly latency: LatencyRound;
}

/** What gathering takes of a run. */
export interface GatheringRun extends Pick<Run, 'now' | 'deadline' | 'problems'> {
  readonly shell: Pick<Run['shell'], 'ssm' | 'kubernetes' | 'telemetry'>;
  readonly settings: Pick<Run['settings'], 'cluster' | 'limits' | 'runbook' | 'targets'>;
}

/** Learns everything that a run begins with. What cannot be learned is a problem, never an error. */
export async function gather(run: GatheringRun, memory: Memory): Promise<Gathered> {
  const { shell, settings, deadline } = run;
  const listing = (): Deadline => nearer(deadlineIn(KUBERNETES_MS), deadline);
  const listingBefore = askNodes(shell.kubernetes, listing());
  const listingPods = askPods(shell.kubernetes, listing());
  const sending = sendLatency(run, mastersIn(memory));
  const asked = await askForDigests(run, memory);
  const listingAfter = askNodes(shell.kubernetes, listing());
  const sent = await sending;
  // The first run learns who the masters are from the hosts' answers.
  const answering = sent.command === undefined ? mastersAmong(asked.observations) : {};
  const sentLater = await sendLatency(run, answering);
  const command = sent.command ?? sentLater.command;
  const late = await takeUp(shell.ssm, memory.latencyCommand, deadline);
  const [before, after] = [await listingBefore, await listingAfter];
  const pods = await listingPods;
  return {
    latency: { late, command },
    facts: {
      cluster: settings.cluster,
      now: run.now,
      limits: settings.limits,
      runbook: settings.runbook,
      nodes: nodeListOf(before, after),
      listedNames: late.names.length > 0 ? late.names : memory.listed,
      pods: pods.kind === 'read' ? pods.value : [],
      observations: explainSilence(asked.observations, memory.agents, memory.roster),
      roster: memory.roster,
      problems: [
        ...run.problems,
        ...asked.problems,
        ...sent.problems,
        ...sentLater.problems,
        ...problemsOf([before, after, pods]),
      ],
    },
  };
}

async function askForDigests(
  { shell, settings, deadline }: GatheringRun,
  memory: Memory,
): Promise<Answers> {
  const command = { action: 'digest', targets: settings.targets } as const;
  const until = nearer(deadlineIn(settings.limits.answerSeconds * 1000), deadline);
  const waiting = { until, deadline, givenUp: givenUpBy(memory) };
  return await collectSpan(shell.telemetry, command.action, async () =>
    askHosts(shell.ssm, command, { waiting, roster: memory.roster }),
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

async function sendLatency(
  { shell, deadline }: GatheringRun,
  masters: Masters,
): Promise<AskedMasters> {
  try {
    return await askMasters(shell.ssm, { action: 'latency', masters }, deadline);
  } catch (error) {
    const message = `asking the masters: ${errorText(error)}`;
    return { command: undefined, problems: [{ where: 'latency', message }] };
  }
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
