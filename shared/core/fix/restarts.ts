import type { Fix } from '../../contract/report.ts';
import { knownPods, type PodList } from '../facts.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { type Restart, restartOn } from '../overlay/profile.ts';
import { isNodeName, type Pod } from '../parse/kubernetes.ts';

/** How many nodes get a restart of their own; of more, flannel is restarted wherever it runs. */
const NODES = 20;

/** The fixes that restart flannel on some nodes: its pods by name where they are known. */
export function restartsIn(
  { members, profile }: Judgement,
  pods: PodList,
): (nodes: readonly string[]) => readonly Fix[] {
  const hosts = new Map(members.map(({ node, observed }) => [node, observed?.host]));
  const running = groupBy(
    knownPods(pods).filter(({ flannel }) => flannel),
    ({ node }) => node,
  );
  return (nodes) => {
    const named = nodes.filter(isNodeName).map((node): Restarted => {
      const host = hosts.get(node);
      const isMaster = host?.kubeconfig !== undefined;
      const restart = restartOn(profile, host?.install);
      return { node, isMaster, restart, pods: running.get(node) ?? [] };
    });
    const fixes = named.length > NODES ? everywhere(named) : oneByOne(withFewPods(named));
    return fixes.map((fix) => ({ kind: 'restart', ...fix, agent: profile.agent }));
  };
}

/** A node has one pod of flannel's. Where there are many more, none is named: the label finds them all. */
function withFewPods(nodes: readonly Restarted[]): readonly Restarted[] {
  const count = nodes.reduce((sum, { pods }) => sum + pods.length, 0);
  return count > NODES ? nodes.map((node) => ({ ...node, pods: [] })) : nodes;
}

interface Restarted {
  readonly node: string;
  readonly isMaster: boolean;
  readonly restart: Restart;
  readonly pods: readonly Pod[];
}

/** One way to restart some of the nodes. */
type Way = Pick<Fix, 'hosts' | 'runs' | 'commands'>;

function oneByOne(nodes: readonly Restarted[]): readonly Way[] {
  const known = nodes.flatMap(({ pods }) => pods);
  const byName = [...groupBy(known, ({ namespace }) => namespace)].map(
    ([namespace, pods]) => `-n ${namespace} delete pod ${pods.map(({ name }) => name).join(' ')}`,
  );
  const others = nodes.filter(({ pods }) => pods.length === 0);
  const chosen = others.flatMap(({ restart, node }) =>
    restart.kind === 'pods' ? [`${podsOf(restart)} --field-selector spec.nodeName=${node}`] : [],
  );
  return [...kubectl(nodes, [...byName, ...chosen]), ...services(others)];
}

function everywhere(nodes: readonly Restarted[]): readonly Way[] {
  const commands = nodes.flatMap(({ restart }) =>
    restart.kind === 'pods' ? [podsOf(restart)] : [],
  );
  const units = nodes.filter(({ restart }) => restart.kind === 'unit').slice(0, NODES);
  return [...kubectl(nodes, [...new Set(commands)].toSorted()), ...services(units)];
}

function podsOf({ namespace, label }: Extract<Restart, { kind: 'pods' }>): string {
  return namespace === 'any'
    ? `delete pod -A -l ${label}`
    : `-n ${namespace} delete pod -l ${label}`;
}

/** The commands are for those of the nodes that have no unit to restart. */
function kubectl(nodes: readonly Restarted[], words: readonly string[]): readonly Way[] {
  if (words.length === 0) return [];
  const hosts = nodes
    .filter(({ restart, pods }) => restart.kind === 'pods' || pods.length > 0)
    .map(({ node }) => node);
  return [{ hosts, runs: 'anywhere', commands: words.map((some) => `kubectl ${some}`) }];
}

/** k3s runs flannel within its own process, which pods survive. */
function services(nodes: readonly Restarted[]): readonly Way[] {
  const units = nodes.flatMap(({ node, isMaster, restart }) =>
    restart.kind === 'unit' ? [{ node, unit: isMaster ? restart.server : restart.agent }] : [],
  );
  return [...groupBy(units, ({ unit }) => unit)].map(([unit, alike]) => ({
    hosts: alike.map(({ node }) => node),
    runs: 'on-hosts',
    commands: [`systemctl restart ${unit}`],
  }));
}
