/** A simulated cluster, and the function that checks it: all that the product meets, at any size. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleFunction } from '../../../infra/bundle.ts';
import { type Report, reportSchema } from '../../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../../shared/contract/settings.ts';
import { type Aws, startAws } from '../../aws/aws.ts';
import type { ServiceBehaviour } from '../../aws/ssm/ssm.ts';
import { type LabFunction, startFunction } from '../../function/function.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../otlp/receiver.ts';
import { readProbeDocument } from '../../probe-script.ts';
import { startNodeListServer } from './api-server.ts';
import { type SimulatedCluster, simulateCluster } from './cluster.ts';
import { simulatedHosts } from './hosts.ts';

export interface SimulatedWorld {
  readonly cluster: SimulatedCluster;
  readonly aws: Aws;
  readonly otlp: OtlpReceiver;
  readonly function: LabFunction;
  /** One tick of the schedule; throws where the function fails. */
  tick(): Promise<Report>;
  /** Ends and removes everything. May be called again. */
  close(): Promise<void>;
}

interface SimulatedWorldOptions {
  readonly size: number;
  /** How many of the hosts are masters. Default 0. */
  readonly masters?: number;
  /** Whether the function may ask Kubernetes for the nodes, and how large their objects are. */
  readonly kubernetes?: { readonly imageBytes: number } | undefined;
  readonly service?: Partial<ServiceBehaviour>;
  /** What differs from the default limits. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Further variables of the function: other channels of pages. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further secrets in the Parameter Store. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** The folder of the built function; built anew where there is none. */
  readonly bundle?: string | undefined;
}

const TAG = { vtepwatch: 'simulated' } as const;

/** As the stack sets it for a schedule of one minute. */
const FUNCTION_SECONDS = 55;

const KUBECONFIG_PARAMETER = '/vtepwatch/simulated/kubeconfig';

export async function startSimulatedWorld(options: SimulatedWorldOptions): Promise<SimulatedWorld> {
  const cleanups: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    cleanups.push(() => part.close());
    return part;
  };
  try {
    const cluster = simulateCluster(simulatedHosts(options.size, options.masters));
    const bundle = options.bundle ?? (await builtFunction(cleanups));
    const parameters = new Map<string, string>(options.parameters);
    if (options.kubernetes !== undefined) {
      const { imageBytes } = options.kubernetes;
      const server = keep(await startNodeListServer({ hosts: cluster.hosts, imageBytes }));
      parameters.set(KUBECONFIG_PARAMETER, server.kubeconfig);
    }
    const aws = keep(
      await startAws({
        document: await readProbeDocument(),
        nodes: cluster.hosts.map((machine) => ({ machine, tags: TAG })),
        parameters,
        ...(options.service === undefined ? {} : { behaviour: options.service }),
      }),
    );
    const otlp = keep(await startOtlpReceiver());
    const env = {
      ...aws.environment,
      [ENVIRONMENT.cluster]: 'simulated',
      [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: [TAG.vtepwatch] }]),
      [ENVIRONMENT.limits]: JSON.stringify({ graceSeconds: 0, ...options.limits }),
      ...(parameters.has(KUBECONFIG_PARAMETER)
        ? { [ENVIRONMENT.kubeconfigParameter]: KUBECONFIG_PARAMETER }
        : {}),
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      ...options.env,
    };
    const watch = keep(startFunction({ bundle, env }));
    return { cluster, aws, otlp, function: watch, tick: () => tick(watch), close };
  } catch (cause) {
    await close();
    throw new Error('starting the lab', { cause });
  }
}

async function builtFunction(cleanups: (() => Promise<void>)[]): Promise<string> {
  const bundle = await mkdtemp(path.join(tmpdir(), 'vtepwatch-function-'));
  cleanups.push(() => rm(bundle, { recursive: true, force: true }));
  await bundleFunction(bundle);
  return bundle;
}

async function tick(watch: LabFunction): Promise<Report> {
  const event = { scheduledTime: new Date().toISOString() };
  const invocation = await watch.invoke(event, { timeoutSeconds: FUNCTION_SECONDS });
  switch (invocation.kind) {
    case 'result':
      return reportSchema.parse(invocation.result);
    case 'error': {
      const { errorType, errorMessage } = invocation.error;
      throw new Error(`the function failed: ${errorType}: ${errorMessage}`);
    }
  }
}
