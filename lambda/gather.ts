import type { Facts } from '../shared/core/facts.ts';
import type { Observation } from '../shared/core/overlay.ts';
import { askHosts } from './ask-hosts.ts';
import { askNodes, askPods } from './ask-kubernetes.ts';
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

/** How long Kubernetes may take for a list; the hosts are asked meanwhile. */
const KUBERNETES_MS = 8000;

/** The facts of the hosts' answers, and what is under way besides. */
export interface Gathered {
  readonly facts: Facts;
  readonly latency: LatencyRound;
}

/** Learns everything that a judgement needs. What cannot be learned is a problem, never an error. */
export async function gather(run: Run, memory: Memory): Promise<Gathered> {
  const { shell, settings, deadline } = run;
  const listing = (): Deadline => nearer(deadlineIn(KUBERNETES_MS), deadline);
  const knownMasters = mastersIn(memory);
  const before = askNodes(shell.kubernetes, listing());
  const pods = askPods(shell.kubernetes, listing());
  const sending = sendLatency(run, knownMasters);
  const asked = await askHosts(
    shell.ssm,
    { action: 'digest', targets: settings.targets },
    {
      waiting: {
        until: nearer(deadlineIn(settings.limits.answerSeconds * 1000), deadline),
        deadline,
        givenUp: givenUpBy(memory),
      },
      roster: memory.roster,
    },
  );
  const after = askNodes(shell.kubernetes, listing());
  const sent = await sending;
  // The first run learns who the masters are from the hosts' answers.
  const command =
    sent.command ?? (await sendLatency(run, mastersAmong(asked.observations))).command;
  const late = await takeUp(shell.ssm, memory.latencyCommand, deadline);
  const lists = { before: await before, after: await after, pods: await pods };
  return {
    latency: { late, command },
    facts: {
      cluster: settings.cluster,
      now: run.now,
      limits: settings.limits,
      runbook: settings.runbook,
      nodes:
        lists.before.value === undefined || lists.after.value === undefined
          ? undefined
          : { before: lists.before.value, after: lists.after.value },
      listedNames: late.names.length > 0 ? late.names : memory.listed,
      pods: lists.pods.value ?? [],
      observations: explainSilence(asked.observations, memory.agents, memory.roster),
      roster: memory.roster,
      latencies: [],
      problems: [
        ...run.problems,
        ...asked.problems,
        ...sent.problems,
        ...lists.before.problems,
        ...lists.pods.problems,
      ],
    },
  };
}

/**
 * For whom this run does not wait. Where most hosts were silent in the last run, it was the service or
 * the run itself, and says nothing of any of them.
 */
export function givenUpBy({
  silent,
  roster,
}: Pick<Memory, 'silent' | 'roster'>): ReadonlySet<string> {
  return new Set(silent.length * 2 > roster.length ? [] : silent);
}

async function sendLatency({ shell, deadline }: Run, masters: Masters): Promise<AskedMasters> {
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
