import type { ServerResponse } from 'node:http';
import { askNodes, type KubernetesAccess, type Listing } from '../../../lambda/ask-kubernetes.ts';
import { type Kubernetes, kubernetes } from '../../../lambda/systems/kubernetes.ts';
import { systemClock } from '../../../lambda/systems/system-clock.ts';
import { createRecorder } from '../../../lambda/systems/telemetry/recorder.ts';
import { farOff } from '../../support/deadlines.ts';

/** Without a started SDK it records nothing. */
export const RECORDER = createRecorder('vtepwatch-lab', systemClock);

/** What is read of the nodes with this kubeconfig. */
export async function nodesOf(kubeconfig: string) {
  return listed(await askNodes(opened(await kubernetes(kubeconfig, RECORDER)), farOff()));
}

export function opened(api: Kubernetes): KubernetesAccess {
  return { kind: 'open', api };
}

/** What was read, undefined where nothing was, and the problems. */
export function listed<T>(listing: Listing<T>) {
  if (listing.kind === 'not-configured') throw new Error('no access is configured');
  return {
    value: listing.kind === 'read' ? listing.value : undefined,
    problems: listing.problems,
  };
}

export function json(response: ServerResponse, status: number, document: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(document));
}
