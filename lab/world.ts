import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleFunction } from '../infra/bundle.ts';
import { type Report, reportSchema } from '../shared/contract/report.ts';
import { ENVIRONMENT } from '../shared/contract/settings.ts';
import { type Aws, startAws } from './aws/aws.ts';
import type { PublishedMessage } from './aws/sns.ts';
import { type ControlPlane, startControlPlane } from './control-plane/start.ts';
import { type FunctionOptions, type LabFunction, startFunction } from './function/function.ts';
import { type MadeMachines, makeMachines } from './machines/make.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp/receiver.ts';
import { readProbeDocument } from './probe-script.ts';

/** Everything that the product meets when it is deployed, on one computer. */
export interface World {
  readonly machines: MadeMachines;
  readonly controlPlane: ControlPlane;
  readonly aws: Aws;
  readonly otlp: OtlpReceiver;
  readonly function: LabFunction;
  /** One tick of the schedule; throws where the function fails. */
  tick(): Promise<Report>;
  /** The pages that came since the last call. */
  newPages(): Promise<readonly PublishedMessage[]>;
  /** Ends and removes everything. May be called again. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly cluster: string;
  readonly prefer?: 'real' | 'modelled' | undefined;
  /** How API servers answer discovery: with `old` ones, the default, kubectl hangs as recorded. */
  readonly discovery?: 'old' | 'aggregated' | undefined;
  /** How long an API server waits for the aggregated API's pod; by default as long as real ones. */
  readonly dialSeconds?: number | undefined;
  /** Whether the function may ask Kubernetes. */
  readonly kubernetes?: boolean | undefined;
  /** What differs from the default limits. The lab's hosts are as young as the lab. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** What the function's process does between invocations. */
  readonly idle?: FunctionOptions['idle'];
  /** Further variables of the function: other channels, another OTLP endpoint. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Further secrets in the Parameter Store. */
  readonly parameters?: ReadonlyMap<string, string> | undefined;
  /** Told before each step. */
  readonly progress?: ((step: string) => void) | undefined;
}

const TAG = { vtepwatch: 'demo' } as const;

/** As the stack sets it for a schedule of one minute. */
const FUNCTION_SECONDS = 55;

const KUBECONFIG_PARAMETER = '/vtepwatch/demo/kubeconfig';

export async function startWorld(options: WorldOptions): Promise<World> {
  const progress = options.progress ?? (() => {});
  const cleanups: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    cleanups.push(() => part.close());
    return part;
  };
  try {
    progress('building the function');
    const bundle = await mkdtemp(path.join(tmpdir(), 'vtepwatch-function-'));
    cleanups.push(() => rm(bundle, { recursive: true, force: true }));
    await bundleFunction(bundle);

    progress('making six hosts');
    const machines = keep(
      await makeMachines(options.prefer === undefined ? {} : { prefer: options.prefer }),
    );
    progress('starting an API server on each master');
    const { discovery = 'old', dialSeconds } = options;
    const controlPlane = keep(
      await startControlPlane(machines, {
        discovery,
        ...(dialSeconds === undefined ? {} : { dialSeconds }),
      }),
    );
    progress('starting Systems Manager, DynamoDB, SNS and an OTLP backend');
    const aws = keep(
      await startAws({
        document: await readProbeDocument(),
        nodes: machines.machines.map((machine) => ({ machine, tags: TAG })),
        parameters: new Map([
          [KUBECONFIG_PARAMETER, controlPlane.kubeconfig],
          ...(options.parameters ?? []),
        ]),
      }),
    );
    const otlp = keep(await startOtlpReceiver());
    const env = environmentOf(options, aws, otlp);
    const watch = keep(startFunction({ bundle, env, idle: options.idle }));
    let seen = 0;
    return {
      machines,
      controlPlane,
      aws,
      otlp,
      function: watch,
      tick: () => tick(watch),
      newPages: async () => {
        const pages = await aws.sns.published();
        const fresh = pages.slice(seen);
        seen = pages.length;
        return fresh;
      },
      close,
    };
  } catch (cause) {
    await close();
    throw new Error('starting the lab', { cause });
  }
}

function environmentOf(
  { cluster, kubernetes = true, limits = {}, env = {} }: WorldOptions,
  aws: Aws,
  otlp: OtlpReceiver,
): Readonly<Record<string, string>> {
  return {
    ...aws.environment,
    [ENVIRONMENT.cluster]: cluster,
    [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: [TAG.vtepwatch] }]),
    [ENVIRONMENT.limits]: JSON.stringify({ graceSeconds: 0, ...limits }),
    ...(kubernetes ? { [ENVIRONMENT.kubeconfigParameter]: KUBECONFIG_PARAMETER } : {}),
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
    ...env,
  };
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
