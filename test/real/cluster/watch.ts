import path from 'node:path';
import { type Aws, startAws } from '../../../lab/aws/aws.ts';
import type { PublishedMessage } from '../../../lab/aws/sns.ts';
import { startFunction } from '../../../lab/function/function.ts';
import type { Machine } from '../../../lab/machines/machine.ts';
import { readProbeDocument } from '../../../lab/probe-script.ts';
import { type Report, reportSchema } from '../../../shared/contract/report.ts';
import { ENVIRONMENT } from '../../../shared/contract/settings.ts';

/** The built function, as a cluster's stack deploys it. */
export interface Watch {
  /** One tick of the schedule, and the pages that it sent. Throws where the function fails. */
  look(): Promise<Seen>;
  /** Systems Manager knows the host from now on, or no longer. */
  manage(machine: Machine): void;
  release(instanceId: string): void;
  close(): Promise<void>;
}

export interface Seen {
  readonly report: Report;
  readonly pages: readonly PublishedMessage[];
}

interface WatchOptions {
  /** The folder with the function's bundle. */
  readonly bundle: string;
  readonly machines: readonly Machine[];
  /** A kubeconfig that the function can reach the API with. Default: it has none. */
  readonly kubeconfig?: string | undefined;
}

const TAG = { vtepwatch: 'real' } as const;
const CLUSTER = 'real';
const KUBECONFIG_PARAMETER = '/vtepwatch/real/kubeconfig';
const FUNCTION_SECONDS = 55;

/** Shorter than by default, so that what takes minutes can be seen in seconds. */
export const LIMITS = {
  graceSeconds: 10,
  pairPatienceSeconds: 0,
  secondLookSeconds: 2,
  slowSeconds: 3,
} as const;

export async function startWatch({ bundle, machines, kubeconfig }: WatchOptions): Promise<Watch> {
  const parameters = new Map(kubeconfig === undefined ? [] : [[KUBECONFIG_PARAMETER, kubeconfig]]);
  const nodes = machines.map((machine) => ({ machine, tags: TAG }));
  const aws = await startAws({ document: await readProbeDocument(), nodes, parameters });
  const env = {
    ...aws.environment,
    [ENVIRONMENT.cluster]: CLUSTER,
    [ENVIRONMENT.targets]: JSON.stringify([{ Key: 'tag:vtepwatch', Values: [TAG.vtepwatch] }]),
    [ENVIRONMENT.limits]: JSON.stringify(LIMITS),
    ...(kubeconfig === undefined
      ? {}
      : { [ENVIRONMENT.kubeconfigParameter]: KUBECONFIG_PARAMETER }),
    OTEL_SDK_DISABLED: 'true',
  };
  const deployed = startFunction({ bundle, env });
  const newPages = pagesOf(aws);
  return {
    look: async () => {
      const event = { scheduledTime: new Date().toISOString() };
      const answer = await deployed.invoke(event, { timeoutSeconds: FUNCTION_SECONDS });
      if (answer.kind === 'error') {
        throw new Error(`the function failed: ${answer.error.errorMessage}`);
      }
      return { report: reportSchema.parse(answer.result), pages: await newPages() };
    },
    manage: (machine) => aws.ssm.register({ machine, tags: TAG }),
    release: (instanceId) => aws.ssm.deregister(instanceId),
    close: async () => {
      await deployed.close();
      await aws.close();
    },
  };
}

function pagesOf({ sns }: Aws): () => Promise<readonly PublishedMessage[]> {
  let seen = 0;
  return async () => {
    const pages = await sns.published();
    const fresh = pages.slice(seen);
    seen = pages.length;
    return fresh;
  };
}

export function bundleIn(folder: string): string {
  return path.join(folder, 'function');
}
