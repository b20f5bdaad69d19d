import type { Mend } from '../../contract/report.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import { profileIn } from '../members/own-device.ts';
import { type Restart, restartOn } from '../overlay/profile.ts';
import { isNodeName, type Pod } from '../parse/kubernetes.ts';

/** How many nodes get a restart of their own; of more, flannel is restarted wherever it runs. */
const NODES = 20;

/** The commands that restart flannel on these nodes: its pods by name where they are known. */
export function restarts(
  nodes: readonly string[],
  { members }: Judgement,
  pods: readonly Pod[],
): readonly Mend[] {
  const profile = profileIn(members);
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

function oneByOne(nodes: readonly Restarted[]): readonly Mend[] {
  const known = nodes.flatMap(({ pods }) => pods);
  const byName = [...groupBy(known, ({ namespace }) => namespace)].map(([namespace, pods]) =>
    kubectl(`-n ${namespace} delete pod ${pods.map(({ name }) => name).join(' ')}`),
  );
  const others = nodes.filter(({ pods }) => pods.length === 0);
  return [
    ...byName,
    ...others.map(({ restart, ...on }) =>
      restart.kind === 'unit'
        ? service(restart, on)
        : kubectl(`${podsOf(restart)} --field-selector spec.nodeName=${on.node}`),
    ),
  ];
}

function everywhere(nodes: readonly Restarted[]): readonly Mend[] {
  const commands = nodes.flatMap(({ restart }) =>
    restart.kind === 'pods' ? [podsOf(restart)] : [],
  );
  const services = nodes.flatMap(({ restart, ...on }) =>
    restart.kind === 'unit' ? [service(restart, on)] : [],
  );
  return [...[...new Set(commands)].toSorted().map(kubectl), ...services.slice(0, NODES)];
}

function podsOf({ namespace, label }: Extract<Restart, { kind: 'pods' }>): string {
  return namespace === 'any'
    ? `delete pod -A -l ${label}`
    : `-n ${namespace} delete pod -l ${label}`;
}

function kubectl(words: string): Mend {
  return { where: 'kubectl', command: `kubectl ${words}` };
}

/** k3s runs flannel within its own process, which pods survive. */
function service(
  { server, agent }: Extract<Restart, { kind: 'unit' }>,
  { node, isMaster }: Pick<Restarted, 'node' | 'isMaster'>,
): Mend {
  return { where: node, command: `systemctl restart ${isMaster ? server : agent}` };
}
