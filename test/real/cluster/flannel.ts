import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_KUBECONFIG_PATH } from '../../../lab/control-plane/access.ts';
import type { ControlPlane } from './control-plane.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { RealHost } from './host.ts';
import type { Families } from './nodes.ts';
import type { Underlay } from './underlay.ts';

/** flanneld on the hosts, and the pods by which Kubernetes knows it there. */
export interface Flannel {
  /** Does nothing where it runs. */
  start(host: RealHost): Promise<void>;
  /** As its pod's end does. What it programmed stays. */
  stop(host: RealHost): Promise<void>;
  /** The latest lines that it wrote on a host. */
  logOf(host: RealHost): readonly string[];
  /** Makes the pod that its DaemonSet has on a node. */
  deploy(host: RealHost): Promise<void>;
  /** Removes the pod of a node that has left. */
  withdraw(host: RealHost): Promise<void>;
  /**
   * Types a command of kubectl, and does what the DaemonSet's controller and the kubelets then do: a
   * pod that is deleted ends flanneld on its node, and the next one starts it. Returns what kubectl
   * complained of, nothing where it succeeded.
   */
  typeKubectl(command: string): Promise<string>;
}

interface FlannelOptions {
  /** The path of flanneld. */
  readonly program: string;
  readonly backend: Readonly<Record<string, unknown>>;
  readonly families: Families;
  readonly hosts: readonly RealHost[];
}

/** How often the kubelets look for pods that are to end. */
const POLL_MILLISECONDS = 200;

const NET_CONF = '/etc/kube-flannel/net-conf.json';
const KUBECONFIG = '/etc/kube-flannel/kubeconfig';
const NAMESPACE = 'kube-flannel';
const LABELS = { app: 'flannel' } as const;

/** The CNI configuration of flannel's own manifest, by which an installation is recognised. */
const CONFLIST = {
  name: 'cbr0',
  cniVersion: '0.3.1',
  plugins: [{ type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } }],
};

export async function installFlannel(
  { machine, control }: Underlay,
  controlPlane: ControlPlane,
  { program, backend, families, hosts }: FlannelOptions,
): Promise<Flannel> {
  const { kubectl, kubeconfigFor, urlOf } = controlPlane;
  const masters = hosts.filter(({ master }) => master);
  const dual = { EnableIPv6: true, IPv6Network: 'fd44::/48' };
  const netConf = JSON.stringify({
    Network: '10.244.0.0/16',
    ...(families === 'dual' ? dual : {}),
    EnableNFTables: false,
    Backend: backend,
  });
  for (const [at, { name }] of hosts.entries()) {
    const master = masters[at % masters.length];
    const files = {
      [NET_CONF]: netConf,
      [KUBECONFIG]: kubeconfigFor(master === undefined ? {} : { server: urlOf(master) }),
      '/etc/cni/net.d/10-flannel.conflist': JSON.stringify(CONFLIST),
    };
    for (const [path, text] of Object.entries(files)) await machine(name).write(path, text);
  }
  await kubectl(`create namespace ${NAMESPACE}`);

  const running = new Map<string, Daemon>();
  let pods = 0;
  const start: Flannel['start'] = async ({ name }) => {
    if (running.get(name)?.running === true) return;
    running.set(name, startDaemon(machine(name), command(program), { env: { NODE_NAME: name } }));
  };
  const stop: Flannel['stop'] = async ({ name }) => {
    await running.get(name)?.end();
    running.delete(name);
  };
  const deploy: Flannel['deploy'] = async ({ name }) => {
    pods += 1;
    await kubectl('create -f -', JSON.stringify(podOn(name, pods)));
  };
  const remove = async (pod: string): Promise<void> => {
    await kubectl(`-n ${NAMESPACE} delete pod ${pod} --force --grace-period=0 --ignore-not-found`);
  };
  const podsOf = async (words: string): Promise<readonly string[]> => {
    const output = await kubectl(`-n ${NAMESPACE} get pods --no-headers ${words}`);
    return output.split('\n').filter((line) => line !== '');
  };
  const restartDeleted = async (): Promise<void> => {
    const columns =
      'custom-columns=A:.metadata.name,B:.spec.nodeName,C:.metadata.deletionTimestamp';
    for (const line of await podsOf(`-o ${columns}`)) {
      const [pod = '', node, deleted] = line.split(/\s+/);
      const host = hosts.find(({ name }) => name === node);
      if (deleted === '<none>' || host === undefined) continue;
      await stop(host);
      await remove(pod);
      await deploy(host);
      await start(host);
    }
  };
  return {
    start,
    stop,
    logOf: ({ name }) => running.get(name)?.log ?? [],
    deploy,
    withdraw: async ({ name }) => {
      const found = await podsOf(`-o name --field-selector spec.nodeName=${name}`);
      for (const pod of found) await remove(pod.replace('pod/', ''));
    },
    typeKubectl: async (typed) => {
      const env = { KUBECONFIG: ADMIN_KUBECONFIG_PATH };
      const typing = control.run(['sh', '-c', typed], { env });
      for (;;) {
        const outcome = await Promise.race([typing, sleep(POLL_MILLISECONDS)]);
        await restartDeleted();
        if (outcome === undefined) continue;
        return outcome.exit === 0 ? '' : outcome.stderr.trim();
      }
    },
  };
}

function command(program: string): readonly string[] {
  return [
    program,
    '--kube-subnet-mgr',
    `--kubeconfig-file=${KUBECONFIG}`,
    `--net-config-path=${NET_CONF}`,
    '--subnet-file=/var/lib/flannel/subnet.env',
    '--iface=eth0',
    '--ip-masq=false',
    '--iptables-forward-rules=false',
    '--v=2',
  ];
}

function podOn(node: string, number: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `kube-flannel-ds-${number}`, namespace: NAMESPACE, labels: LABELS },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [{ name: 'kube-flannel', image: 'flannel' }],
    },
  };
}
