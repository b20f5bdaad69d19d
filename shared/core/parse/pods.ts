import { isNodeName } from './kubectl-nodes.ts';
import { isObject, type Parsed } from './parsed.ts';
import { items, objectField, textField } from './words.ts';

/** A pod, as far as it matters here: whether it is flannel's, and on which node it runs. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly flannel: boolean;
}

/** Labels of the pods that run flanneld: canal and RKE2, flannel's manifest, kubespray. */
const FLANNEL_LABELS = [
  ['k8s-app', 'canal'],
  ['app', 'flannel'],
  ['k8s-app', 'flannel'],
] as const;

/** The scheduled pods of `kubectl get pods -A -o json`. */
export function parsePods(where: string, list: unknown): Parsed<readonly Pod[]> {
  const found = items(list);
  return found === undefined
    ? { value: [], problems: [{ where, message: 'not a list of pods: it has no items' }] }
    : { value: found.filter(isObject).flatMap(readPod), problems: [] };
}

function readPod(item: object): readonly Pod[] {
  const metadata = objectField(item, 'metadata') ?? {};
  const labels = objectField(metadata, 'labels') ?? {};
  const name = textField(metadata, 'name') ?? '';
  const namespace = textField(metadata, 'namespace') ?? '';
  const node = textField(objectField(item, 'spec') ?? {}, 'nodeName') ?? '';
  // These names end up in commands that a person copies: only Kubernetes' own grammar passes.
  if (![name, namespace, node].every(isNodeName)) return [];
  const flannel = FLANNEL_LABELS.some(([key, value]) => textField(labels, key) === value);
  return [{ name, namespace, node, flannel }];
}
