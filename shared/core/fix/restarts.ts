import type { Fix } from '../../contract/report.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { Latency } from '../latency.ts';
import { AGENT_NAMES, type Profile, restartOn } from '../overlay/profile.ts';
import { listCommand, type PodRestart, type Restart, stopCommand } from '../overlay/restart.ts';
import { isNodeName } from '../parse/kubernetes.ts';
import { formatDuration } from '../time.ts';
import type { Circumstances } from './fix.ts';
import { kubectlAt } from './kubectl.ts';
import { areInLoop, LOOP_NAMES, loopOver, type ReachedHost, remoteLines } from './remote.ts';

/** How long one node takes in a rollout: its pod ends, and the new one is ready. */
const ROLLOUT_SECONDS = 30;

/** How flannel or Calico is restarted on some nodes: there, or with kubectl. */
export function restartsIn(
  judgement: Judgement,
  circumstances: Circumstances,
): (nodes: readonly string[], key: string) => readonly Fix[] {
  const { members, profile } = judgement;
  const { agent } = profile;
  const hosts = new Map(members.map(({ node, observed }) => [node, observed?.host]));
  const masters = new Set(
    members.flatMap(({ node, listed }) => (listed?.isControlPlane === true ? [node] : [])),
  );
  const api = apiStateOf(circumstances.latencies, circumstances.limits.slowSeconds);
  const kubectl =
    api.kind === 'partly' ? kubectlAt(members.find(({ node }) => node === api.answers)) : 'kubectl';
  return (nodes, key) => {
    const named = nodes.filter(isNodeName).map((node): RestartedNode => {
      const host = hosts.get(node);
      return {
        node,
        instanceId: host?.instanceId,
        isMaster: host?.kubeconfig !== undefined || masters.has(node),
        restart: restartOn(profile, host?.install, circumstances.daemonSets),
      };
    });
    const how = { ...circumstances, key, agent, members: members.length, api, kubectl };
    return [...groupBy(named, ({ restart }) => JSON.stringify(restart)).values()]
      .flatMap((alike) => restartsOf(alike, how))
      .map((fix) => ({ kind: 'restart', ...fix, agent }));
  };
}

interface RestartedNode extends ReachedHost {
  readonly isMaster: boolean;
  readonly restart: Restart;
}

interface RestartContext extends Circumstances {
  readonly key: string;
  readonly agent: Profile['agent'];
  readonly members: number;
  readonly api: ApiState;
  readonly kubectl: string;
}

type RestartStep = Omit<Fix, 'kind' | 'agent'> & { readonly kind?: 'pace' };

/** How many nodes a page asks about. */
const ASKED = 3;

/**
 * On which of the nodes no flannel runs, as a step that shows why: a restart of nothing does nothing. It is
 * known where the pods of most other hosts were seen.
 */
export function stoppedIn(
  { members, profile }: Judgement,
  { daemonSets, latencies, limits }: Circumstances,
): (nodes: readonly string[]) => readonly Fix[] {
  const hosts = members.flatMap(({ observed }) =>
    observed === undefined || observed.host.install === undefined ? [] : [observed.host],
  );
  const stopped = hosts.filter(({ flanneldSeconds }) => flanneldSeconds === undefined);
  if (stopped.length * 2 >= hosts.length) return () => [];
  const isAway = apiStateOf(latencies, limits.slowSeconds).kind === 'away';
  const byName = new Map(stopped.map((host) => [host.node, host]));
  return (nodes) =>
    nodes
      .filter(isNodeName)
      .flatMap((node) => byName.get(node) ?? [])
      .slice(0, ASKED)
      .flatMap(({ node, install }): readonly Fix[] => {
        const restart = restartOn(profile, install, daemonSets);
        if (restart.kind !== 'pods') return [];
        const { namespace, label } = restart;
        const condition = `No ${AGENT_NAMES[profile.agent]} runs on ${node}, and that comes first. Why?`;
        const asked = { kind: 'look' as const, hosts: [node], condition };
        return isAway
          ? [{ ...asked, runs: 'on-hosts', commands: [listCommand(restart)] }]
          : [
              {
                ...asked,
                runs: 'anywhere',
                commands: [
                  `kubectl -n ${namespace} get pods -l ${label} --field-selector spec.nodeName=${node}`,
                ],
              },
            ];
      });
}

function restartsOf(nodes: readonly RestartedNode[], how: RestartContext): readonly RestartStep[] {
  const [first] = nodes;
  if (first === undefined) return [];
  switch (first.restart.kind) {
    case 'pods':
      return how.api.kind === 'away'
        ? [containersOf(nodes, stopCommand(first.restart), how)]
        : podsOf(nodes, first.restart, how);
    case 'unit':
      return unitsOf(nodes, first.restart, how);
    case 'unknown':
      return variantsOf(nodes, first.restart.variants, how);
  }
}

/** Each way to restart flannel, with what has installed it where that way is right. */
function variantsOf(
  nodes: readonly RestartedNode[],
  variants: Extract<Restart, { kind: 'unknown' }>['variants'],
  how: RestartContext,
): readonly RestartStep[] {
  const steps = variants.flatMap(({ names, restart }) =>
    restartsOf(
      nodes.map((node) => ({ ...node, restart })),
      how,
    ).map((step) => ({ names, step })),
  );
  return [...groupBy(steps, ({ step }) => JSON.stringify(step)).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const names = alike.map((one) => one.names).join(' or ');
    const where = `Where ${names} runs ${AGENT_NAMES[how.agent]}:`;
    const { condition = '' } = first.step;
    const more = `${condition.slice(0, 1).toLowerCase()}${condition.slice(1)}`;
    return [{ ...first.step, condition: `${where} ${more}`.trim() }];
  });
}

/** Pods of a DaemonSet are made again when they are deleted, and packets flow meanwhile. */
function podsOf(
  nodes: readonly RestartedNode[],
  { namespace, label, daemonSets, updates }: PodRestart,
  { key, members, api, kubectl }: RestartContext,
): readonly RestartStep[] {
  const names = nodes.map(({ node }) => node);
  const isMost = names.length > LOOP_NAMES && names.length * 2 > members;
  // A rollout does nothing where pods are updated on deletion alone, and may not move where none may be away.
  const isRollout =
    isMost && updates?.strategy !== 'OnDelete' && !/^0+%?$/.test(updates?.maxUnavailable ?? '1');
  const [only = ''] = names;
  const deletion = `${kubectl} -n ${namespace} delete pod -l ${label} --timeout=60s --field-selector spec.nodeName=`;
  // The names of very many come from vtepwatch's checkout, which a master does not have.
  const isFromAfar = api.kind === 'partly' && !areInLoop(names);
  const each = isFromAfar ? `echo "${deletion}$n" | ssh ${api.answers} sudo sh` : `${deletion}$n`;
  const deletions = names.length === 1 ? `${deletion}${only}` : loopOver(names, each, key);
  const sets = daemonSets.map((name) => `ds/${name}`);
  const place = {
    hosts: names,
    runs: 'anywhere' as const,
    ...(api.kind === 'partly' ? { kubectlOn: api.answers } : {}),
  };
  const restart = {
    ...place,
    commands: [
      isRollout ? `${kubectl} -n ${namespace} rollout restart ${sets.join(' ')}` : deletions,
    ],
    interrupts:
      (isRollout
        ? `nothing. ${rolloutTime(members, updates)}`
        : 'nothing: pods keep their network') + slownessOf(api),
  };
  const slow = rolloutMinutes(members, podsAtOnce(members, updates?.maxUnavailable));
  if (!isRollout || slow <= LONG_MINUTES) return [restart];
  const fast = rolloutMinutes(members, podsAtOnce(members, TENTH));
  return [
    {
      ...place,
      kind: 'pace',
      commands: sets.map(
        (set) =>
          `${kubectl} -n ${namespace} patch ${set} --type merge -p '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":"${TENTH}"}}}}'`,
      ),
      condition: `Only if ${slow} minutes are too long (then the restart takes about ${fast}):`,
      interrupts: `nothing. maxUnavailable stays ${TENTH} until somebody sets it back to ${updates?.maxUnavailable ?? 'what it was'}`,
    },
    restart,
  ];
}

/** From here on a restart of all pods is too long for a person who was woken. */
const LONG_MINUTES = 10;

const TENTH = '10%';

/** How many pods of a DaemonSet may be away at once. Kubernetes rounds a share up (daemon/util, UnavailableCount). */
function podsAtOnce(members: number, maxUnavailable = '1'): number {
  const amount = Number.parseInt(maxUnavailable, 10);
  const pods = maxUnavailable.endsWith('%') ? Math.ceil((members * amount) / 100) : amount;
  return Math.max(1, pods);
}

function rolloutMinutes(members: number, atOnce: number): number {
  return Math.ceil((Math.ceil(members / atOnce) * ROLLOUT_SECONDS) / 60);
}

/** Every kubectl waits for the API servers. A person who types it must know that it still works. */
function slownessOf(api: ApiState): string {
  return api.kind === 'slow'
    ? `. kubectl may need ${formatDuration(api.seconds)} before it begins: the API servers are slow`
    : '';
}

/** How long a rollout takes, as far as it is known how many pods of the DaemonSet may be away at once. */
function rolloutTime(members: number, updates: PodRestart['updates']): string {
  const minutes = rolloutMinutes(members, podsAtOnce(members, updates?.maxUnavailable));
  const about = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return updates === undefined
    ? `It takes about ${about} where maxUnavailable is 1, and does nothing where the DaemonSet's updateStrategy is OnDelete`
    : `It takes about ${about}: the DaemonSet's maxUnavailable is ${updates.maxUnavailable ?? '1'}`;
}

/** Without an API nothing deletes a pod. The kubelet starts a container again that has stopped. */
function containersOf(
  nodes: readonly RestartedNode[],
  command: string,
  how: RestartContext,
): RestartStep {
  return onHosts(nodes, how, {
    commands: [command],
    interrupts:
      'nothing: pods keep their network. No API server answered when it was asked, so kubectl may not work',
  });
}

/** k3s runs flannel within its own process. etcd keeps its quorum while one server restarts at a time. */
function unitsOf(
  nodes: readonly RestartedNode[],
  { server, agent }: Extract<Restart, { kind: 'unit' }>,
  how: RestartContext,
): readonly RestartStep[] {
  const servers = nodes.filter(({ isMaster }) => isMaster);
  const agents = nodes.filter(({ isMaster }) => !isMaster);
  return [
    ...(agents.length === 0
      ? []
      : [
          onHosts(agents, how, {
            commands: [`systemctl restart ${agent}`],
            interrupts: `${agent} there for some seconds; pods keep running`,
          }),
        ]),
    ...(servers.length === 0
      ? []
      : [
          onHosts(servers, how, {
            commands: [`systemctl restart ${server}`],
            interrupts: `the API of that server for some seconds; pods keep running. One server at a time: etcd needs the others`,
            pace: 'one',
          }),
        ]),
  ];
}

function onHosts(
  nodes: readonly RestartedNode[],
  how: RestartContext,
  {
    commands,
    interrupts,
    pace,
  }: {
    readonly commands: readonly string[];
    readonly interrupts: string;
    readonly pace?: 'one';
  },
): RestartStep {
  const block = {
    commands,
    hosts: nodes,
    reach: 'hosts',
    ...(pace === undefined ? {} : { pace }),
  } as const;
  const remotely = remoteLines(block, how);
  return {
    hosts: nodes.map(({ node }) => node),
    runs: 'on-hosts',
    commands: [...commands],
    ...(remotely.length === 0 ? {} : { remotely: [...remotely] }),
    interrupts,
  };
}

/** Whether kubectl can be expected to work. Nothing is known where no master was timed. */
type ApiState =
  | { readonly kind: 'answers' | 'away' }
  /** Some masters' APIs are slow or silent, and this one's answers. */
  | { readonly kind: 'partly'; readonly answers: string }
  /** Every API server that answers needs long for what kubectl asks first: for so many seconds. */
  | { readonly kind: 'slow'; readonly seconds: number };

/** A master whose API answers quickly, where another's does not. */
export function masterThatAnswers({
  latencies,
  limits,
}: Pick<Circumstances, 'latencies' | 'limits'>): string | undefined {
  const api = apiStateOf(latencies, limits.slowSeconds);
  return api.kind === 'partly' ? api.answers : undefined;
}

function apiStateOf(latencies: readonly Latency[], slowSeconds: number): ApiState {
  const asked = latencies.filter(({ request }) => request.kind !== 'aggregated-apis');
  const masters = [...groupBy(asked, ({ node }) => node)];
  const isQuick = ({ outcome, seconds }: Latency): boolean =>
    outcome === 'answered' && seconds < slowSeconds;
  const quick = masters.filter(([, some]) => some.every(isQuick));
  if (quick.length === masters.length) return { kind: 'answers' };
  const quickest = quick
    .flatMap(([, some]) => timed(some))
    .toSorted((one, two) => one.seconds - two.seconds)[0];
  if (quickest !== undefined && isNodeName(quickest.node)) {
    return { kind: 'partly', answers: quickest.node };
  }
  const there = masters.filter(([, some]) => isThere(some));
  if (there.length === 0) return { kind: 'away' };
  const seconds = Math.min(
    ...there.map(([, some]) => Math.max(0, ...timed(some).map((one) => one.seconds))),
  );
  return seconds < slowSeconds ? { kind: 'answers' } : { kind: 'slow', seconds };
}

function timed(latencies: readonly Latency[]): readonly Latency[] {
  return latencies.filter(({ request }) => request.kind === 'get-nodes');
}

/** An API server that answers `/readyz` is there, however long an aggregated API keeps kubectl waiting. */
function isThere(latencies: readonly Latency[]): boolean {
  return latencies.some(({ outcome, request }) => outcome === 'answered' && request.kind !== 'api');
}
