import type { Problem } from '../shared/contract/report.ts';
import type { NodeList } from '../shared/core/facts.ts';
import { type Agreement, type LaterNames, namesLater } from '../shared/core/nodes/agree.ts';
import { type KnownNodes, knownNodes } from '../shared/core/nodes/known-nodes.ts';
import {
  isComplete,
  listFromKubernetes,
  NO_LIST,
  oldList,
  type RememberedList,
  WHERE,
} from '../shared/core/nodes/remembered-list.ts';
import { type Vote, voteOn } from '../shared/core/nodes/vote.ts';
import type { DaemonSet } from '../shared/core/overlay/restart.ts';
import type { ClusterNode } from '../shared/core/overlay/vtep.ts';
import type { Listing } from './ask-kubernetes.ts';
import { type Deadline, within } from './deadline.ts';
import type { LatencyReadings, Masters } from './latency-round.ts';
import { askForBallots, type LearnedList, learnList, NODE_LIST_MS } from './node-list-round.ts';
import { type Memory, RUNS_WITHOUT_MASTER } from './systems/incident-store/stored.ts';
import type { RunCommand } from './systems/ssm/run-command.ts';

/** The node list of one run. */
export interface NodeListOfRun {
  readonly nodes: NodeList;
  /** What the next run remembers. */
  readonly list: RememberedList | undefined;
  /** The masters that a second look asks again. */
  readonly masters: Masters;
  readonly problems: readonly Problem[];
}

/** Above so many nodes the list is not read in every run. */
const LARGE_NODES = 1000;
const LARGE_INTERVAL_MS = 5 * 60_000;
const SLOW_INTERVAL_MS = 15 * 60_000;

/** Whether the masters must be asked in this run. */
export function isListDue(remembered: RememberedList | undefined, now: number): boolean {
  if (remembered === undefined || !isComplete(remembered)) return true;
  const size = remembered.buckets.reduce((sum, lines) => sum + lines.length, 0);
  if (size <= LARGE_NODES) return true;
  const interval = remembered.isSlow ? SLOW_INTERVAL_MS : LARGE_INTERVAL_MS;
  const isSettled = Math.min(...remembered.agreedAt) === Math.max(...remembered.agreedAt);
  return !isSettled || now - remembered.answeredAt >= interval;
}

/**
 * What is remembered of the names that the masters' timed `kubectl get nodes` listed in a large cluster:
 * where they changed in a run that did not read the list, the next run reads it.
 */
export function namesAfter(
  { nameSums = [], isListStale = false }: Pick<Memory, 'nameSums' | 'isListStale'>,
  { nameSums: now = new Map() }: Pick<LatencyReadings, 'nameSums'>,
  { nodes }: Pick<NodeListOfRun, 'nodes'>,
): Pick<Memory, 'nameSums' | 'isListStale'> {
  const sums = [...new Map([...nameSums, ...now])];
  if (sums.length === 0) return {};
  const isRead = nodes.kind === 'read' && (nodes.origin?.voters.length ?? 0) > 0;
  const hasChanged = nameSums.some(([master, sum]) => (now.get(master) ?? sum) !== sum);
  return { nameSums: sums, isListStale: !isRead && (hasChanged || isListStale) };
}

/** Asks the masters, fetches what has changed, and makes the list of it. */
export async function askForList(
  ssm: RunCommand,
  asked: {
    readonly masters: Masters;
    readonly givenUp: ReadonlySet<string>;
    readonly remembered: RememberedList | undefined;
    readonly now: number;
  },
  deadline: Deadline,
): Promise<LearnedList> {
  const { remembered = NO_LIST, now } = asked;
  const ballots = await askForBallots(ssm, asked, deadline);
  return await learnList(ssm, { ballots, remembered, now }, deadline);
}

/** What is known when the facts are gathered. */
interface Sources {
  /** Undefined where the masters were not asked. */
  readonly learned: LearnedList | undefined;
  readonly kubernetes: {
    readonly before: Listing<ClusterNode>;
    readonly after: Listing<ClusterNode>;
    readonly daemonSets: Listing<DaemonSet>;
  };
  readonly remembered: RememberedList | undefined;
  readonly masters: Masters;
  readonly runsWithoutMaster: number;
  readonly now: number;
}

/**
 * The list of this run: what Kubernetes returned, else what the masters agree on, else what earlier runs
 * had. Without any, the hosts' own answers take its place only where nobody could report one for some
 * runs.
 */
export function nodeListOfRun(sources: Sources): NodeListOfRun {
  const { learned, kubernetes, remembered, masters, now } = sources;
  const { before, after } = kubernetes;
  if (before.kind === 'read' && after.kind === 'read') {
    const daemonSets =
      kubernetes.daemonSets.kind === 'read'
        ? kubernetes.daemonSets.value
        : (remembered?.daemonSets ?? []);
    const list = listFromKubernetes(after.value, now, daemonSets);
    const origin = { source: 'kubeconfig', ageSeconds: 0, voters: [], silent: [] } as const;
    const nodes: KnownNodes = { kind: 'read', before: before.value, after: after.value, origin };
    return { nodes, list, masters: {}, problems: [] };
  }
  const agreed: Pick<Agreement, 'unsettled' | 'problems'> & {
    readonly list: RememberedList | undefined;
    readonly vote: Vote | undefined;
  } = learned ?? { list: remembered, unsettled: new Map(), problems: [], vote: undefined };
  const { list, unsettled, vote } = agreed;
  if (list === undefined || !isComplete(list)) {
    const isHopeless =
      Object.keys(masters).length === 0 && sources.runsWithoutMaster >= RUNS_WITHOUT_MASTER;
    const kind = isHopeless && before.kind === 'not-configured' ? 'not-configured' : 'unread';
    const message = 'none has come yet: nothing is paged before one does';
    const missing = kind === 'unread' ? [{ where: WHERE, message }] : [];
    return { nodes: { kind }, list, masters, problems: [...agreed.problems, ...missing] };
  }
  return {
    nodes: knownNodes({ remembered, list, unsettled, vote, now }),
    list,
    masters,
    problems: [...agreed.problems, ...oldList(list, now)],
  };
}

/** What the masters' lists say in a second look. */
export async function askForNamesAgain(
  ssm: RunCommand,
  { list, masters }: { readonly list: RememberedList; readonly masters: Masters },
  deadline: Deadline,
): Promise<LaterNames> {
  const asked = { masters, givenUp: new Set<string>() };
  const ballots = await askForBallots(ssm, asked, within(NODE_LIST_MS, deadline));
  return namesLater(list, voteOn({ ...ballots, now: list.answeredAt }, list));
}

/** What a second list of Kubernetes says: nodes of the first that left, or were made again. */
export function namesInKubernetes(
  first: readonly ClusterNode[],
  again: Listing<ClusterNode>,
): LaterNames {
  if (again.kind !== 'read') {
    return { changed: new Set(), unread: new Set(first.map(({ name }) => name)) };
  }
  const still = new Map(again.value.map((node) => [node.name, node.uid]));
  return {
    changed: new Set(
      first
        .filter(({ name, uid }) => !still.has(name) || still.get(name) !== uid)
        .map(({ name }) => name),
    ),
    unread: new Set(),
  };
}
