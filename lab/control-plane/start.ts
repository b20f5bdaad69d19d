import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ApiServerDamage } from '../damage.ts';
import {
  carryOutBatch,
  type Host,
  type Machine,
  machineNamed,
  type Machines,
} from '../machines/machine.ts';
import { kubeconfig, makeCertificate } from './access.ts';
import type { MetricsState } from './aggregated-api.ts';
import type { Kubectl } from './kubectl-on-masters.ts';
import { type Cluster, furnishMasters, startApiServers } from './masters.ts';
import {
  type Address,
  type ClusterHost,
  type Discovery,
  listenOn,
  listHosts,
  type MetricsPodOrder,
} from './orders.ts';
import { type Program, startProgram, startRelay } from './programs.ts';
import { apiHandler } from './serve.ts';

export interface ControlPlane {
  /** For whoever is not on the machines: a kubeconfig, as text, that leads to the masters' API
   * servers through a port of 127.0.0.1. */
  readonly kubeconfig: string;
  /** Each master's own API server: its URL, as the masters reach it, by the master's name. */
  readonly servers: ReadonlyMap<string, string>;
  /** Whether the masters run the computer's own kubectl or, where it has none, a stand-in. */
  readonly kubectl: Kubectl;
  /** From now on these hosts are the cluster's nodes. */
  list(hosts: readonly Host[]): void;
  /** What the API servers of these masters do from now on. */
  behave(damage: ApiServerDamage): Promise<void>;
  /** The latest lines that a master's API server logged. */
  logOf(master: string): readonly string[];
  /** Ends the API servers, the pod and the relay. What was written on the machines stays. */
  close(): Promise<void>;
}

interface ControlPlaneOptions {
  readonly discovery: Discovery;
  /** Whether flannel annotates the nodes; where it keeps its subnets in etcd it does not. Default: true. */
  readonly annotates?: boolean;
  /** How long an API server waits for a connection to the aggregated API's pod. By default as long
   * as makes `kubectl get nodes` take what it took in the seed. */
  readonly dialSeconds?: number;
}

/** The seed's metrics pod of that address, on the node that has its pod CIDR. */
const POD_NODE = 'node2';
const POD: Address = { host: '10.68.4.133', port: 6443 };

/** On a modelled machine every server takes the port that it gets. */
const MODELLED: Address = { host: '127.0.0.1', port: 0 };

/**
 * Starts an API server on every master, and on node2 the pod of the aggregated API that they proxy
 * over the overlay. Furnishes the masters with the files by which kubeadm's are known.
 */
export async function startControlPlane(
  machines: Machines,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const cleanups: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  try {
    const directory = await mkdtemp(path.join(tmpdir(), 'vtepwatch-api-'));
    cleanups.push(() => rm(directory, { recursive: true, force: true }));

    const cluster = await planCluster(machines, options, directory);
    listHosts(directory, cluster.hosts);
    const pod = await startPod(machines, cluster);
    cleanups.push(() => pod.stop());
    const [port = 0] = pod.ports;
    const servers = await startApiServers(machines, {
      ...cluster,
      pod: { ...cluster.pod, listens: { ...cluster.pod.listens, port } },
    });
    cleanups.push(async () => {
      await Promise.all(servers.map((one) => one.stop()));
    });
    const kubectl = await furnishMasters(servers, cluster);

    const relay = await startRelay(servers.map(({ socket }) => socket));
    cleanups.push(() => relay.close());
    const server = `https://127.0.0.1:${relay.port}`;
    return {
      kubeconfig: kubeconfig({ server, ...cluster }),
      servers: new Map(servers.map(({ master, url }) => [master.name, url])),
      kubectl,
      list: (hosts) => listHosts(directory, hosts.map(listedAs(options))),
      behave: async ({ on, is }) => {
        const own = servers.filter(({ master }) => on === 'all' || on.includes(master.name));
        for (const one of own) await one.behave(is);
      },
      logOf: (name) => servers.find(({ master }) => master.name === name)?.log() ?? [],
      close,
    };
  } catch (cause) {
    await close();
    throw new Error('starting the control plane', { cause });
  }
}

async function planCluster(
  { kind, machines }: Machines,
  { discovery, dialSeconds, annotates = true }: ControlPlaneOptions,
  directory: string,
): Promise<Cluster> {
  const masters = machines.filter(({ master }) => master);
  const tls = await makeCertificate(['127.0.0.1', ...masters.map(({ underlayIp }) => underlayIp)]);
  return {
    hosts: machines.map(listedAs({ annotates })),
    tls,
    token: randomBytes(16).toString('hex'),
    discovery,
    overlay: kind,
    pod: { node: POD_NODE, ip: POD.host, listens: kind === 'real' ? POD : MODELLED },
    dialSeconds: dialSeconds ?? DIAL_SECONDS[discovery],
    startedAt: Date.now(),
    commonDirectory: directory,
  };
}

function listedAs({
  annotates = true,
}: Pick<ControlPlaneOptions, 'annotates'>): (host: Host) => ClusterHost {
  return (host) => ({ ...clusterHost(host), isAnnotated: annotates && host.isAnnotated !== false });
}

function clusterHost(host: Host): ClusterHost {
  const { name, master, underlayIp, publicIp, tunnelIp, podCidr, vtepMac, zone } = host;
  const own = { name, master, underlayIp, tunnelIp, podCidr, vtepMac, zone };
  return publicIp === undefined ? own : { ...own, publicIp };
}

/** An API server for hosts on which nothing runs: its list of nodes is all that it is asked for. */
export async function serveCluster(
  hosts: () => readonly Host[],
  { imageBytes }: { readonly imageBytes: number },
): Promise<{ readonly kubeconfig: string; close(): Promise<void> }> {
  const tls = await makeCertificate([LOCALHOST]);
  const token = randomBytes(16).toString('hex');
  const plan = {
    tls,
    token,
    discovery: 'aggregated',
    overlay: 'modelled',
    pod: { node: '', ip: POD.host, listens: MODELLED },
    dialSeconds: DIAL_SECONDS.aggregated,
    startedAt: Date.now(),
    imageBytes,
  } as const;
  const cluster = () => ({ ...plan, master: '', hosts: hosts() });
  const server = createServer(
    { cert: tls.certificate, key: tls.key },
    apiHandler(cluster, REACHED),
  );
  const port = await listenOn(server, { host: LOCALHOST, port: 0 });
  return {
    kubeconfig: kubeconfig({ server: `https://${LOCALHOST}:${port}`, tls, token }),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const LOCALHOST = '127.0.0.1';

const REACHED = (): MetricsState => ({
  freshness: 'Current',
  availability: { available: true, reason: 'Passed', message: 'all checks passed' },
});

async function startPod(machines: Machines, cluster: Cluster): Promise<Program> {
  const { pod, hosts, tls, overlay } = cluster;
  const machine = machineNamed(machines, pod.node);
  await addPod(machine, pod.ip);
  const order: MetricsPodOrder = { hosts, listen: pod.listens, tls, overlay };
  return startProgram(machine, 'metrics-pod.ts', order);
}

/** What `kubectl get nodes` took on the seed's master1. */
const SEED_SECONDS = 45;

/**
 * How often `kubectl get nodes` asks for a dead group before it goes on: four times with kubectl
 * 1.27 to 1.33, measured. Once when it reads all groups, and once for each of its three questions
 * to discovery (is it a category, is it short for something, what is its kind), because client-go's
 * discovery/cached/memory/memcache.go takes a 503 for a passing trouble. kubectl 1.20 asks three
 * times, once for each question; the code of 1.14 is the same.
 */
const TRIES = 4;

/**
 * How long the proxy waits for a connection that is never made, before it answers 503.
 *
 * `old`: kube-apiserver v1.14.8 leaves this to the dialer of client-go, whose bound is 30 s
 * (kubernetes-1.14.8, transport/cache.go), and three tries of that are not the seed's 45 s. Three
 * tries of 15 s are, and 15 s is what v1.14.2 took for a try in kubernetes#80245, where a load
 * balancer cut it. Today's kubectl tries once more, so here a try has less, and the whole is what
 * the seed's master1 took.
 *
 * `aggregated`: since 1.16 a discovery request is given 5 s (kube-aggregator
 * pkg/apiserver/handler_proxy.go, aggregatedDiscoveryTimeout).
 */
const DIAL_SECONDS: Readonly<Record<Discovery, number>> = {
  old: SEED_SECONDS / TRIES,
  aggregated: 5,
};

/** The bridge that the CNI plugins give a node's pods. */
const POD_DEVICE = 'cni0';

/**
 * Gives a machine a pod's address, on which its programs may listen.
 *
 * The pod has no namespace of its own: its address stands on the node's bridge, behind the node's
 * `flannel.1` all the same. A caller on another node has that node's tunnel IP as its
 * source, so question and answer both cross the overlay.
 */
export async function addPod(machine: Machine, podIp: string): Promise<void> {
  const gateway = machine.tunnelIp.replace(/\.\d+$/, '.1');
  const found = await machine.run(['ip', 'link', 'show', 'dev', POD_DEVICE]);
  const bridge = [
    `link add ${POD_DEVICE} address ${bridgeMac(gateway)} type bridge`,
    `addr replace ${gateway}/24 dev ${POD_DEVICE}`,
    `link set ${POD_DEVICE} up`,
  ];
  await carryOutBatch(machine, 'ip', [
    ...(found.exit === 0 ? [] : bridge),
    `addr replace ${podIp}/32 dev ${POD_DEVICE}`,
  ]);
}

/** As the CNI bridge plugin forms it: 0a:58 and the address. */
function bridgeMac(ip: string): string {
  const bytes = ip.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}
