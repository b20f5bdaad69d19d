import type { Mend } from '../../contract/report.ts';
import { groupBy } from '../group.ts';
import type { Judgement } from '../judge.ts';
import type { HostFacts, Install } from '../overlay/vtep.ts';
import { isNodeName, type Pod } from '../parse/kubernetes.ts';

/** How many nodes get a restart of their own; of more, flannel is restarted wherever it runs. */
const NODES = 20;

/** How flannel's pods are chosen, by how it came onto the hosts. In k3s it is no pod. */
const PODS = {
  canal: '-n kube-system delete pod -l k8s-app=canal',
  rke2: '-n kube-system delete pod -l k8s-app=canal',
  flannel: '-n kube-flannel delete pod -l app=flannel',
  unknown: "-n kube-system delete pod -l 'k8s-app in (canal,flannel)'",
} as const satisfies Readonly<Record<Exclude<Install, 'k3s'> | 'unknown', string>>;

/** The commands that restart flannel on these nodes: its pods by name where they are known. */
export function restarts(
  nodes: readonly string[],
  { members }: Judgement,
  pods: readonly Pod[],
): readonly Mend[] {
  const hosts = new Map(members.map(({ node, observed }) => [node, observed?.host]));
  const named = nodes
    .filter(isNodeName)
    .map((node): Restarted => ({ node, host: hosts.get(node), pods: [] }));
  return named.length > NODES ? everywhere(named) : oneByOne(withPods(named, pods));
}

interface Restarted {
  readonly node: string;
  readonly host: HostFacts | undefined;
  readonly pods: readonly Pod[];
}

function withPods(nodes: readonly Restarted[], pods: readonly Pod[]): readonly Restarted[] {
  const running = groupBy(
    pods.filter(({ flannel }) => flannel),
    ({ node }) => node,
  );
  return nodes.map((one) => ({ ...one, pods: running.get(one.node) ?? [] }));
}

function oneByOne(nodes: readonly Restarted[]): readonly Mend[] {
  const known = nodes.flatMap(({ pods }) => pods);
  const byName = [...groupBy(known, ({ namespace }) => namespace)].map(([namespace, pods]) =>
    kubectl(`-n ${namespace} delete pod ${pods.map(({ name }) => name).join(' ')}`),
  );
  const others = nodes.filter(({ pods }) => pods.length === 0);
  return [
    ...byName,
    ...others.map(({ node, host }) => {
      const install = host?.install ?? 'unknown';
      return install === 'k3s'
        ? service(node, host)
        : kubectl(`${PODS[install]} --field-selector spec.nodeName=${node}`);
    }),
  ];
}

function everywhere(nodes: readonly Restarted[]): readonly Mend[] {
  const byInstall = groupBy(nodes, ({ host }) => host?.install ?? 'unknown');
  const installs = (['canal', 'rke2', 'flannel', 'unknown'] as const).filter((install) =>
    byInstall.has(install),
  );
  const commands = new Set(installs.map((install) => PODS[install]));
  return [
    ...[...commands].map(kubectl),
    ...(byInstall.get('k3s') ?? []).slice(0, NODES).map(({ node, host }) => service(node, host)),
  ];
}

function kubectl(words: string): Mend {
  return { where: 'kubectl', command: `kubectl ${words}` };
}

/** k3s runs flannel within its own process, which pods survive. */
function service(where: string, host: HostFacts | undefined): Mend {
  const unit = host?.kubeconfig === undefined ? 'k3s-agent' : 'k3s';
  return { where, command: `systemctl restart ${unit}` };
}
