import type { Problem } from '../shared/contract/report.ts';
import type { DaemonSet } from '../shared/core/overlay/restart.ts';
import type { ClusterNode } from '../shared/core/overlay/vtep.ts';
import { parseDaemonSets, parseNodes } from '../shared/core/parse/kubernetes.ts';
import type { Parsed } from '../shared/core/parse/parsed.ts';
import type { Deadline } from './deadline.ts';
import { errorText } from './error-text.ts';
import type { Kubernetes } from './systems/kubernetes.ts';

/** Whether this run can ask Kubernetes. */
export type KubernetesAccess =
  | { readonly kind: 'not-configured' }
  /** A kubeconfig is configured and could not be used; a problem says why. */
  | { readonly kind: 'unusable' }
  | { readonly kind: 'open'; readonly api: Kubernetes };

/** One list of Kubernetes, or why there is none. */
export type Listing<T> =
  | { readonly kind: 'not-configured' }
  | { readonly kind: 'unread'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'read';
      readonly value: readonly T[];
      readonly problems: readonly Problem[];
    };

export async function askNodes(
  access: KubernetesAccess,
  deadline: Deadline,
): Promise<Listing<ClusterNode>> {
  return await ask(access, async (api) => parseNodes('kubernetes', await api.nodes(deadline)));
}

export async function askDaemonSets(
  access: KubernetesAccess,
  deadline: Deadline,
): Promise<Listing<DaemonSet>> {
  return await ask(access, async (api) =>
    parseDaemonSets('kubernetes', await api.daemonSets(deadline)),
  );
}

export function problemsOf(
  listings: readonly Listing<ClusterNode | DaemonSet>[],
): readonly Problem[] {
  return listings.flatMap((one) => (one.kind === 'not-configured' ? [] : one.problems));
}

async function ask<T>(
  access: KubernetesAccess,
  request: (api: Kubernetes) => Promise<Parsed<readonly T[]>>,
): Promise<Listing<T>> {
  switch (access.kind) {
    case 'not-configured':
      return access;
    case 'unusable':
      return { kind: 'unread', problems: [] };
    case 'open':
  }
  try {
    return { kind: 'read', ...(await request(access.api)) };
  } catch (error) {
    return { kind: 'unread', problems: [{ where: 'kubernetes', message: errorText(error) }] };
  }
}
