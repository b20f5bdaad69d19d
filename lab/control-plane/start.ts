import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { machineNamed } from '../machines/machine-named.ts';
import type { Machines } from '../machines/machine.ts';
import { addPod } from '../machines/pod.ts';
import { makeCertificate } from './certificate.ts';
import { DIAL_SECONDS } from './dial-seconds.ts';
import type { Kubectl } from './install-kubectl.ts';
import { kubeconfig } from './kubeconfig.ts';
import { furnishMasters, startApiServers } from './masters.ts';
import type { Cluster } from './masters.ts';
import type { Address, Discovery, MetricsPodOrder } from './orders.ts';
import { startProgram } from './program.ts';
import type { Program } from './program.ts';
import { startRelay } from './relay.ts';

export interface ControlPlane {
  /** For whoever is not on the machines: a kubeconfig, as text, that leads to the masters' API
   * servers through a port of 127.0.0.1. */
  readonly kubeconfig: string;
  /** Each master's own API server: its URL, as the masters reach it, by the master's name. */
  readonly servers: ReadonlyMap<string, string>;
  /** Whether the masters run the computer's own kubectl or, where it has none, a stand-in. */
  readonly kubectl: Kubectl;
  /** The latest lines that a master's API server logged. */
  logOf(master: string): readonly string[];
  /** Ends the API servers, the pod and the relay. What was written on the machines stays. */
  close(): Promise<void>;
}

interface ControlPlaneOptions {
  readonly discovery: Discovery;
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
    const pod = await startPod(machines, cluster);
    cleanups.push(() => pod.stop());
    const [port = 0] = pod.ports;
    const servers = await startApiServers(machines, {
      ...cluster,
      pod: { ...cluster.pod, listens: { ...cluster.pod.listens, port } },
    });
    cleanups.push(async () => {
      await Promise.all(servers.map(({ program }) => program.stop()));
    });
    const kubectl = await furnishMasters(servers, cluster);

    const relay = await startRelay(servers.map(({ socket }) => socket));
    cleanups.push(() => relay.close());
    const server = `https://127.0.0.1:${relay.port}`;
    return {
      kubeconfig: kubeconfig({ server, ...cluster }),
      servers: new Map(servers.map(({ master, url }) => [master.name, url])),
      kubectl,
      logOf: (name) => servers.find(({ master }) => master.name === name)?.program.log() ?? [],
      close,
    };
  } catch (cause) {
    await close();
    throw new Error('starting the control plane', { cause });
  }
}

async function planCluster(
  { kind, machines }: Machines,
  { discovery, dialSeconds }: ControlPlaneOptions,
  directory: string,
): Promise<Cluster> {
  const masters = machines.filter(({ master }) => master);
  const tls = await makeCertificate(['127.0.0.1', ...masters.map(({ underlayIp }) => underlayIp)]);
  return {
    hosts: machines.map(({ name, master, underlayIp, tunnelIp, podCidr, vtepMac }) => ({
      name,
      master,
      underlayIp,
      tunnelIp,
      podCidr,
      vtepMac,
    })),
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

async function startPod(machines: Machines, cluster: Cluster): Promise<Program> {
  const { pod, hosts, tls, overlay } = cluster;
  const machine = machineNamed(machines, pod.node);
  await addPod(machine, pod.ip);
  const order: MetricsPodOrder = { hosts, listen: pod.listens, tls, overlay };
  return startProgram(machine, 'metrics-pod.ts', order);
}
