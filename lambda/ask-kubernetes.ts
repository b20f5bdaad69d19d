import type { Problem } from '../shared/contract/report.ts';
import type { ClusterNode } from '../shared/core/overlay.ts';
import { parseNodes } from '../shared/core/parse/nodes.ts';
import type { Parsed } from '../shared/core/parse/parsed.ts';
import { parsePods, type Pod } from '../shared/core/parse/pods.ts';
import type { Deadline } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { Kubernetes } from './shell/kubernetes.ts';

/** One reading of the node list, or why there is none. */
export interface Listed<T> {
  /** Undefined where there is no access, or the API did not answer. */
  readonly value: readonly T[] | undefined;
  readonly problems: readonly Problem[];
}

const NOTHING = { value: undefined, problems: [] } as const;

/** Without the list the hosts' own answers tell who takes part: an API that fails is a problem. */
export async function askNodes(
  api: Kubernetes | undefined,
  deadline: Deadline,
): Promise<Listed<ClusterNode>> {
  if (api === undefined) return NOTHING;
  return await ask(async () => parseNodes('kubernetes', await api.nodes(deadline)));
}

export async function askPods(
  api: Kubernetes | undefined,
  deadline: Deadline,
): Promise<Listed<Pod>> {
  if (api === undefined) return NOTHING;
  return await ask(async () => parsePods('kubernetes', await api.flannelPods(deadline)));
}

async function ask<T>(request: () => Promise<Parsed<readonly T[]>>): Promise<Listed<T>> {
  try {
    return await request();
  } catch (error) {
    return { value: undefined, problems: [{ where: 'kubernetes', message: errorText(error) }] };
  }
}
