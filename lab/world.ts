/**
 * Everything that the product meets when it is deployed, on one computer: hosts of one of three makes,
 * Kubernetes, AWS and an OTLP backend, and the function in the midst of them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleFunction } from '../infra/bundle.ts';
import { type Report, reportSchema } from '../shared/contract/report.ts';
import { ENVIRONMENT } from '../shared/contract/settings.ts';
import { type Aws, startAws } from './aws/aws.ts';
import type { PublishedMessage } from './aws/sns.ts';
import type { ManagedNode, NodeBehaviour } from './aws/ssm/nodes.ts';
import type { ServiceBehaviour } from './aws/ssm/ssm.ts';
import { type ControlPlane, serveCluster, startControlPlane } from './control-plane/start.ts';
import type { AgentDamage, Damage } from './damage.ts';
import { type FunctionOptions, type LabFunction, startFunction } from './function/function.ts';
import { inflictOne, isOfAgent } from './machines/inflict.ts';
import type { Host } from './machines/machine.ts';
import { type MadeMachines, makeMachines } from './machines/make.ts';
import { type SimulatedCluster, simulateCluster } from './machines/simulated/cluster.ts';
import type { SimulatedDamage } from './machines/simulated/conditions.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp/receiver.ts';
import { readProbeDocument } from './probe-script.ts';

interface Surroundings {
  readonly aws: Aws;
  readonly otlp: OtlpReceiver;
  readonly function: LabFunction;
  /** One tick of the schedule; throws where the function fails. */
  tick(): Promise<Report>;
  /** The pages that came since the last call. */
  newPages(): Promise<readonly PublishedMessage[]>;
  /** This happens now, one after the other. */
  inflict(...damages: readonly Damage[]): Promise<void>;
  /** Ends and removes everything. May be called again. */
  close(): Promise<void>;
}

/** A world of six real or modelled machines. */
export interface World extends Surroundings {
  readonly machines: MadeMachines;
  readonly controlPlane: ControlPlane;
}

/** A world of simulated hosts, of any number. */
export interface SimulatedWorld extends Surroundings {
  readonly cluster: SimulatedCluster;
}

interface CommonOptions {
  /** The cluster's name. Default `demo`. */
  readonly cluster?: string | undefined;
  /** What differs from the default limits. The lab's hosts are as young as the lab. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** What the function's process does between invocations. */
  readonly idle?: FunctionOptions['idle'];
  /** Further variables of the function: other channels, another OTLP endpoint. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Further secrets in the Parameter Store. */
  readonly parameters?: ReadonlyMap<string, string> | undefined;
  /** How Systems Manager is. */
  readonly service?: Partial<ServiceBehaviour> | undefined;
  /** The folder of the built function; built anew where there is none. */
  readonly bundle?: string | undefined;
  /** Called before each step. */
  readonly progress?: ((step: string) => void) | undefined;
}

export interface WorldOptions extends CommonOptions {
  readonly prefer?: 'real' | 'modelled' | undefined;
  /** How API servers answer discovery: with `old` ones, the default, kubectl hangs as recorded. */
  readonly discovery?: 'old' | 'aggregated' | undefined;
  /** How long an API server waits for the aggregated API's pod; by default as long as real ones. */
  readonly dialSeconds?: number | undefined;
  /** Whether flannel annotates the nodes. Default: true. */
  readonly annotates?: boolean | undefined;
  /** Whether the function may ask Kubernetes. Default true. */
  readonly kubernetes?: boolean | undefined;
}

interface SimulationOptions extends CommonOptions {
  /** Where the function may ask Kubernetes: how many bytes each node's object has besides, as a
   * kubelet's list of images. */
  readonly kubernetes?: { readonly imageBytes: number } | undefined;
}

const TAG = { vtepwatch: 'lab' } as const;

/** As the stack sets it for a schedule of one minute. */
const FUNCTION_SECONDS = 55;

const KUBECONFIG_PARAMETER = '/vtepwatch/lab/kubeconfig';

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const {
    discovery = 'old',
    dialSeconds,
    annotates = true,
    kubernetes = true,
    prefer,
    progress,
  } = options;
  return await assembled(async (keep) => {
    progress?.('making six hosts');
    const made = keep(await makeMachines(prefer === undefined ? {} : { prefer }));
    progress?.('starting an API server on each master');
    const controlPlane = keep(
      await startControlPlane(made, {
        discovery,
        annotates,
        ...(dialSeconds === undefined ? {} : { dialSeconds }),
      }),
    );
    const { machines } = made;
    let inCluster = machines;
    const listed = new Map<string, Host>();
    const surroundings = await surround(keep, options, {
      hosts: machines,
      kubeconfig: kubernetes ? controlPlane.kubeconfig : undefined,
      packets: made.kind === 'real',
      inflictOnHosts: async (damage) => {
        if (damage.kind === 'api-server') {
          await controlPlane.behave(damage);
          return inCluster;
        }
        await inflictOne({ machines, inCluster }, damage);
        if (damage.kind === 'joined') {
          const joined = machines.filter(({ name }) => name === damage.host.name);
          inCluster = [...inCluster, ...joined];
        } else if (damage.kind === 'left') {
          inCluster = inCluster.filter(
            ({ name }) => damage.on !== 'all' && !damage.on.includes(name),
          );
        }
        if (damage.kind === 'listed') listed.set(damage.as.name, damage.as);
        controlPlane.list(inCluster.map((one) => listed.get(one.name) ?? one));
        return inCluster;
      },
    });
    // What flannel publishes takes the place of what the objects of nodes said.
    const list = (hosts: readonly Host[]): void => {
      listed.clear();
      controlPlane.list(hosts);
    };
    return { machines: made, controlPlane: { ...controlPlane, list }, ...surroundings };
  });
}

export async function startSimulatedWorld(
  hosts: readonly Host[],
  options: SimulationOptions = {},
): Promise<SimulatedWorld> {
  return await assembled(async (keep) => {
    const cluster = simulateCluster(hosts);
    const { kubernetes } = options;
    const server =
      kubernetes === undefined
        ? undefined
        : keep(await serveCluster(() => cluster.hosts, kubernetes));
    const surroundings = await surround(keep, options, {
      hosts: cluster.hosts,
      kubeconfig: server?.kubeconfig,
      packets: true,
      inflictOnHosts: async (damage) => {
        cluster.inflict(damage);
        return cluster.hosts;
      },
    });
    return { cluster, ...surroundings };
  });
}

type Part = { close(): Promise<void> };

/** Takes a part that is closed with the world, the last first. */
type Keep = <T extends Part>(part: T) => T;

async function assembled<T extends object>(
  assemble: (keep: Keep) => Promise<T>,
): Promise<T & Part> {
  const parts: Part[] = [];
  const close = async (): Promise<void> => {
    for (const part of parts.splice(0).toReversed()) await part.close();
  };
  try {
    const world = await assemble((part) => {
      parts.push(part);
      return part;
    });
    return { ...world, close };
  } catch (cause) {
    await close();
    throw new Error('starting the lab', { cause });
  }
}

interface Cluster {
  readonly hosts: readonly ManagedNode['machine'][];
  /** Undefined where the function may not ask Kubernetes. */
  readonly kubeconfig: string | undefined;
  /** Whether hosts send each other packets. */
  readonly packets: boolean;
  /** Carries it out on the hosts, and returns those that are in the cluster then. */
  readonly inflictOnHosts: (damage: SimulatedDamage) => Promise<readonly ManagedNode['machine'][]>;
}

async function surround(
  keep: Keep,
  options: CommonOptions,
  { hosts, kubeconfig, packets, inflictOnHosts }: Cluster,
): Promise<Omit<Surroundings, 'close'>> {
  options.progress?.('building the function');
  const bundle = options.bundle ?? (await builtFunction(keep));
  options.progress?.('starting Systems Manager, DynamoDB, SNS and an OTLP backend');
  const aws = keep(
    await startAws({
      document: await readProbeDocument({ packets }),
      nodes: hosts.map((machine) => ({ machine, tags: TAG })),
      parameters: new Map([
        ...(options.parameters ?? []),
        ...(kubeconfig === undefined ? [] : [[KUBECONFIG_PARAMETER, kubeconfig] as const]),
      ]),
      ...(options.service === undefined ? {} : { behaviour: options.service }),
    }),
  );
  const otlp = keep(await startOtlpReceiver());
  const env = {
    ...aws.environment,
    [ENVIRONMENT.cluster]: options.cluster ?? 'demo',
    [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: [TAG.vtepwatch] }]),
    [ENVIRONMENT.limits]: JSON.stringify({ graceSeconds: 0, ...options.limits }),
    ...(kubeconfig === undefined
      ? {}
      : { [ENVIRONMENT.kubeconfigParameter]: KUBECONFIG_PARAMETER }),
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
    ...options.env,
  };
  const labFunction = keep(startFunction({ bundle, env, idle: options.idle }));
  let seen = 0;
  let inCluster = hosts;
  return {
    aws,
    otlp,
    function: labFunction,
    tick: () => tick(labFunction),
    newPages: async () => {
      const pages = await aws.sns.published();
      const fresh = pages.slice(seen);
      seen = pages.length;
      return fresh;
    },
    inflict: async (...damages) => {
      for (const damage of damages) {
        if (isOfAgent(damage)) {
          behave(aws, inCluster, damage);
          continue;
        }
        const before = inCluster;
        inCluster = await inflictOnHosts(damage);
        registerNodes(aws, before, inCluster);
      }
    },
  };
}

function registerNodes(aws: Aws, before: Cluster['hosts'], after: Cluster['hosts']): void {
  const ids = (nodes: Cluster['hosts']) => new Set(nodes.map(({ instanceId }) => instanceId));
  const [known, staying] = [ids(before), ids(after)];
  for (const id of known.difference(staying)) aws.ssm.deregister(id);
  for (const machine of after) {
    if (!known.has(machine.instanceId)) aws.ssm.register({ machine, tags: TAG });
  }
}

function behave(aws: Aws, hosts: Cluster['hosts'], damage: AgentDamage): void {
  const ids = hosts
    .filter(({ name }) => damage.on === 'all' || damage.on.includes(name))
    .map(({ instanceId }) => instanceId);
  if (damage.kind === 'instance-gone') {
    for (const id of ids) aws.ssm.deregister(id);
    return;
  }
  const behaviour = behaviourOf(damage);
  for (const id of ids) aws.ssm.behaveNode(id, behaviour);
  if (damage.kind !== 'agent-restarted') return;
  const restart = (): void => {
    for (const id of ids) aws.ssm.behaveNode(id, { kind: 'online' });
  };
  setTimeout(restart, damage.milliseconds).unref();
}

type KeptInstance = Exclude<AgentDamage, { readonly kind: 'instance-gone' }>;

function behaviourOf(damage: KeptInstance): NodeBehaviour {
  switch (damage.kind) {
    case 'disk-full':
      return { kind: 'disk-full', reports: damage.reports };
    case 'run-twice':
      return { kind: 'runs-twice' };
    case 'script-killed':
      return { kind: 'killed', stdout: '' };
    case 'agent-hibernates':
      return { kind: 'hibernates' };
    case 'agent-restarted':
      return { kind: 'offline' };
  }
}

async function builtFunction(keep: Keep): Promise<string> {
  const bundle = await mkdtemp(path.join(tmpdir(), 'vtepwatch-function-'));
  keep({ close: () => rm(bundle, { recursive: true, force: true }) });
  await bundleFunction(bundle);
  return bundle;
}

async function tick(labFunction: LabFunction): Promise<Report> {
  const event = { scheduledTime: new Date().toISOString() };
  const invocation = await labFunction.invoke(event, { timeoutSeconds: FUNCTION_SECONDS });
  switch (invocation.kind) {
    case 'result':
      return reportSchema.parse(invocation.result);
    case 'error': {
      const { errorType, errorMessage } = invocation.error;
      throw new Error(`the function failed: ${errorType}: ${errorMessage}`);
    }
  }
}
