import type { Fix } from '../../contract/report.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { type Restart, restartOn } from '../overlay/profile.ts';
import { isNodeName, type Pod } from '../parse/kubernetes.ts';

/** How many nodes get a restart of their own; of more, flannel is restarted wherever it runs. */
const NODES = 20;

/** The fixes that restart flannel on these nodes: its pods by name where they are known. */
export function restarts(
  nodes: readonly string[],
  { members, profile }: Judgement,
  pods: readonly Pod[],
): readonly Fix[] {
  const hosts = new Map(members.map(({ node, observed }) => [node, observed?.host]));
  const running = groupBy(
    pods.filter(({ flannel }) => flannel),
    ({ node }) => node,
  );
  const named = nodes.filter(isNodeName).map((node): Restarted => {
    const host = hosts.get(node);
    const isMaster = host?.kubeconfig !== undefined;
    const restart = restartOn(profile, host?.install);
    return { node, isMaster, restart, pods: running.get(node) ?? [] };
  });
  return named.length > NODES ? everywhere(named) : oneByOne(named);
}

interface Restarted {
  readonly node: string;
  readonly isMaster: boolean;
  readonly restart: Restart;
  readonly pods: readonly Pod[];
}

function oneByOne(nodes: readonly Restarted[]): readonly Fix[] {
  const known = nodes.flatMap(({ pods }) => pods);
  const byName = [...groupBy(known, ({ namespace }) => namespace)].map(
    ([namespace, pods]) => `-n ${namespace} delete pod ${pods.map(({ name }) => name).join(' ')}`,
  );
  const others = nodes.filter(({ pods }) => pods.length === 0);
  const chosen = others.flatMap(({ restart, node }) =>
    restart.kind === 'pods' ? [`${podsOf(restart)} --field-selector spec.nodeName=${node}`] : [],
  );
  return [...kubectl([...byName, ...chosen]), ...services(others)];
}

function everywhere(nodes: readonly Restarted[]): readonly Fix[] {
  const commands = nodes.flatMap(({ restart }) =>
    restart.kind === 'pods' ? [podsOf(restart)] : [],
  );
  const units = nodes.filter(({ restart }) => restart.kind === 'unit').slice(0, NODES);
  return [...kubectl([...new Set(commands)].toSorted()), ...services(units)];
}

function podsOf({ namespace, label }: Extract<Restart, { kind: 'pods' }>): string {
  return namespace === 'any'
    ? `delete pod -A -l ${label}`
    : `-n ${namespace} delete pod -l ${label}`;
}

function kubectl(words: readonly string[]): readonly Fix[] {
  const commands = words.map((some) => `kubectl ${some}`);
  return commands.length === 0 ? [] : [{ kind: 'restart', hosts: [], commands }];
}

/** k3s runs flannel within its own process, which pods survive. */
function services(nodes: readonly Restarted[]): readonly Fix[] {
  const units = nodes.flatMap(({ node, isMaster, restart }) =>
    restart.kind === 'unit' ? [{ node, unit: isMaster ? restart.server : restart.agent }] : [],
  );
  return [...groupBy(units, ({ unit }) => unit)].map(([unit, alike]) => ({
    kind: 'restart',
    hosts: alike.map(({ node }) => node),
    commands: [`systemctl restart ${unit}`],
  }));
}
