import path from 'node:path';
import { startRelay } from '../../../lab/control-plane/programs.ts';
import type { Machine } from '../../../lab/machines/machine.ts';
import { stepsToType } from '../../../lab/story/fix.ts';
import type { ReportedIncident } from '../../../shared/contract/report.ts';
import type { RealPrograms } from '../programs.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { startDaemon, until } from './daemon.ts';
import { type Flannel, installFlannel } from './flannel.ts';
import { planHosts, type RealHost, type Subnet } from './host.ts';
import { type Families, register } from './nodes.ts';
import { layUnderlay, type Underlay } from './underlay.ts';
import { bundleIn, type Seen, startWatch, type Watch } from './watch.ts';

/** A cluster of real parts, and the built function that watches it. */
export interface RealCluster {
  readonly hosts: readonly RealHost[];
  /** The names of the nodes that take part. */
  present(): readonly string[];
  readonly kubectl: ControlPlane['kubectl'];
  readonly servers: ControlPlane['servers'];
  readonly flannel: Flannel;
  host(name: string): RealHost;
  readonly machine: (name: string) => Machine;
  /** Runs a root's shell command on a host; throws where it fails. Returns what it printed. */
  on(name: string, command: string): Promise<string>;
  /**
   * A host that was late joins: Systems Manager manages it, its kubelet registers it. One that had left
   * comes back as another instance, with the same name and address.
   */
  join(name: string): Promise<void>;
  /** Somebody deletes a node's object, and its kubelet makes it again. flanneld runs on. */
  registerAgain(name: string): Promise<void>;
  /** A node leaves: its object, its pod and its instance are gone. */
  leave(name: string): Promise<void>;
  /** Waits until every one of these nodes has a route to every other. Default: all that take part. */
  settled(wait?: { readonly names?: readonly string[]; readonly seconds?: number }): Promise<void>;
  /** One tick, of the function without a kubeconfig and of the one with it. */
  look(): Promise<Looks>;
  /** Types the steps of an incident's fix that have no condition, in their order. Returns what was refused. */
  typeFix(incident: ReportedIncident): Promise<readonly string[]>;
  /** Whether one host's packets over the overlay come back from another. */
  reaches(from: string, to: string, family?: 'ipv4' | 'ipv6'): Promise<boolean>;
  close(): Promise<void>;
}

/** The function as it is deployed by default, and with a kubeconfig. */
export const DEPLOYMENTS = ['default', 'kubeconfig'] as const;

export type Deployment = (typeof DEPLOYMENTS)[number];

export type Looks = Readonly<Record<Deployment, Seen>>;

export interface ClusterOptions {
  readonly programs: RealPrograms;
  /** The run's folder. */
  readonly folder: string;
  readonly flanneld: 'older' | 'newer';
  /** Of flannel's configuration. Default `{ Type: 'vxlan' }`. */
  readonly backend?: Readonly<Record<string, unknown>>;
  readonly families?: Families;
  readonly hosts: Readonly<Record<string, Subnet>>;
  /** Hosts that have not joined yet. */
  readonly late?: readonly string[];
}

/** The instances that join later have numbers from here on. */
const FIRST_INSTANCE = 100;

/** Passes connections to a socket in the file system on to the API server in its own network. */
const INWARDS = `
const net = require('node:net');
const [socket, port, host] = process.argv.slice(1);
net.createServer((near) => {
  const far = net.connect(Number(port), host);
  for (const one of [near, far]) one.on('error', () => { near.destroy(); far.destroy(); });
  near.pipe(far).pipe(near);
}).listen(socket, () => console.log('ready'));
`;

export async function startCluster(options: ClusterOptions): Promise<RealCluster> {
  const cleanups: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    cleanups.push(() => part.close());
    return part;
  };
  try {
    return await start(options, keep, close);
  } catch (cause) {
    await close();
    throw new Error('starting a real cluster', { cause });
  }
}

async function start(
  options: ClusterOptions,
  keep: <T extends { close(): Promise<void> }>(part: T) => T,
  close: () => Promise<void>,
): Promise<RealCluster> {
  const { programs, folder, families = 'ipv4', late = [], backend = { Type: 'vxlan' } } = options;
  const hosts = planHosts(options.hosts);
  const underlay = keep(await layUnderlay(hosts));
  const masters = hosts.filter(({ master }) => master);
  const controlPlane = await startControlPlane(underlay, masters, programs);
  const flannel = await installFlannel(underlay, controlPlane, {
    program: programs.flanneld[options.flanneld].path,
    backend,
    families,
    hosts,
  });
  const present = new Set(hosts.map(({ name }) => name).filter((name) => !late.includes(name)));
  const host = (name: string): RealHost => {
    const found = hosts.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no host ${name}`);
    return found;
  };
  const begin = async (one: RealHost): Promise<void> => {
    await register(controlPlane, one, families);
    await flannel.deploy(one);
    await flannel.start(one);
  };
  for (const name of present) await begin(host(name));

  const server = await reach(underlay, masters[0], { folder, keep });
  const kubeconfig = controlPlane.kubeconfigFor({ server, token: await tokenOf(controlPlane) });
  const machines = [...present].map((name) => underlay.machine(name));
  const bundle = bundleIn(folder);
  const watches = {
    default: keep(await startWatch({ bundle, machines })),
    kubeconfig: keep(await startWatch({ bundle, machines, kubeconfig })),
  } as const satisfies Record<Deployment, Watch>;

  const run = runner(underlay);
  const instances = new Map<string, string>();
  let joins = 0;
  return {
    hosts,
    present: () => [...present],
    kubectl: controlPlane.kubectl,
    servers: controlPlane.servers,
    flannel,
    host,
    machine: underlay.machine,
    on: run,
    join: async (name) => {
      joins += 1;
      const instanceId = `i-${String(FIRST_INSTANCE + joins).padStart(17, '0')}`;
      present.add(name);
      instances.set(name, instanceId);
      const machine = { ...underlay.machine(name), instanceId };
      for (const watch of Object.values(watches)) watch.manage(machine);
      await begin({ ...host(name), instanceId });
    },
    registerAgain: async (name) => {
      await controlPlane.kubectl(`delete node ${name}`);
      await register(controlPlane, host(name), families);
    },
    leave: async (name) => {
      present.delete(name);
      const instanceId = instances.get(name) ?? host(name).instanceId;
      for (const watch of Object.values(watches)) watch.release(instanceId);
      await flannel.stop(host(name));
      await controlPlane.kubectl(`delete node ${name}`);
      await flannel.withdraw(host(name));
    },
    settled: ({ names = [...present], seconds = 60 } = {}) =>
      settled(underlay, names.map(host), seconds),
    look: async () => {
      const [first, second] = await Promise.all([
        watches.default.look(),
        watches.kubeconfig.look(),
      ]);
      return { default: first, kubeconfig: second };
    },
    typeFix: (incident) => typeFix(incident, underlay, flannel),
    reaches: async (from, to, family = 'ipv4') => {
      const { tunnelIp, tunnelIp6 } = host(to);
      // Nothing listens on that port, which the host itself says.
      const connect = `exec 3<>/dev/tcp/${family === 'ipv4' ? tunnelIp : tunnelIp6}/9`;
      const { stderr } = await underlay.machine(from).run(['timeout', '2', 'bash', '-c', connect]);
      return stderr.includes('Connection refused');
    },
    close,
  };
}

function runner({ machine }: Underlay): RealCluster['on'] {
  return async (name, command) => {
    const { exit, stdout, stderr } = await machine(name).run(['sh', '-c', command]);
    if (exit !== 0) throw new Error(`${command} on ${name}: ${stderr.trim()}`);
    return stdout.trim();
  };
}

async function settled(
  { machine }: Underlay,
  hosts: readonly RealHost[],
  seconds: number,
): Promise<void> {
  const knowsAll = async ({ name }: RealHost): Promise<boolean> => {
    const { stdout } = await machine(name).run(['ip', '-4', 'route', 'show']);
    return hosts.every((peer) => peer.name === name || stdout.includes(`${peer.podCidr} via`));
  };
  await until(
    'every node knows every other',
    async () => (await Promise.all(hosts.map(knowsAll))).every((knows) => knows),
    seconds,
  );
}

/** The URL by which a process outside the hosts' networks reaches the master's API server. */
async function reach(
  { machine }: Underlay,
  master: RealHost | undefined,
  run: {
    readonly folder: string;
    readonly keep: <T extends { close(): Promise<void> }>(part: T) => T;
  },
): Promise<string> {
  if (master === undefined) throw new Error('a cluster needs a master');
  const socket = path.join(run.folder, `${process.pid}-${performance.now()}.sock`);
  const words = ['-e', INWARDS, socket, '6443', master.underlayIp];
  const inwards = startDaemon(machine(master.name), [process.execPath, ...words]);
  await until('the way to the API server is open', async () => inwards.log.includes('ready'));
  const relay = run.keep(await startRelay([socket]));
  return `https://127.0.0.1:${relay.port}`;
}

/** A token of the account that the project's own roles are bound to. */
async function tokenOf({ kubectl }: ControlPlane): Promise<string> {
  await kubectl(`apply -f ${path.resolve('infra/rbac.yaml')}`);
  return (await kubectl('-n vtepwatch create token vtepwatch --duration=2h')).trim();
}

async function typeFix(
  { fix }: ReportedIncident,
  { machine }: Underlay,
  flannel: Flannel,
): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const { hosts, commands, runs } of stepsToType(fix)) {
    for (const command of commands) {
      switch (runs) {
        case 'anywhere':
          refused.push(await flannel.typeKubectl(command));
          break;
        case 'on-hosts':
          for (const name of hosts) refused.push(await typeAsRoot(machine(name), command));
      }
    }
  }
  return [...new Set(refused)].filter((complaint) => complaint !== '');
}

async function typeAsRoot(machine: Machine, command: string): Promise<string> {
  const { exit, stderr } = await machine.run(['sh', '-c', command]);
  return exit === 0 ? '' : stderr.trim();
}
