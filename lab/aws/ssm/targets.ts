import { LAB_ACCOUNT } from '../account.ts';
import { clientError } from '../aws-json.ts';
import type { Target } from './command.ts';
import type { Nodes, RegisteredNode } from './nodes.ts';

const INSTANCE_ID = /^(?:i-(?:\w{8}|\w{17})|mi-\w{17})$/;

/**
 * The instance ids that fit every target. It is no error when a tag finds no node. Throws the
 * service's InvalidInstanceId where a target names an id that is not registered, as one that was
 * terminated: then the command goes to nobody.
 * https://github.com/aws-samples/eks-security-compromised-cluster-remediation/issues/12
 */
export function resolveTargets(targets: readonly Target[], nodes: Nodes): readonly string[] {
  const found = targets.map((target) => new Set(idsOf(target, nodes)));
  const [first = new Set<string>(), ...rest] = found;
  return [...first].filter((id) => rest.every((ids) => ids.has(id)));
}

/** Throws the service's InvalidInstanceId, or DuplicateInstanceId. */
export function checkInstanceIds(ids: readonly string[], nodes: Nodes): readonly string[] {
  if (new Set(ids).size < ids.length) {
    throw clientError('DuplicateInstanceId', 'An instance id is given more than once.');
  }
  return registered(ids, nodes);
}

function registered(ids: readonly string[], nodes: Nodes): readonly string[] {
  const unknown = ids.filter((id) => nodes.find(id) === undefined);
  if (unknown.length === 0) return ids;
  throw clientError(
    'InvalidInstanceId',
    `Instances [[${unknown.join(', ')}]] not in a valid state for account ${LAB_ACCOUNT}`,
  );
}

function idsOf(target: Target, nodes: Nodes): readonly string[] {
  if (target.key === 'InstanceIds') {
    const broken = target.values.find((id) => !INSTANCE_ID.test(id));
    if (broken !== undefined) throw clientError('InvalidTarget', `${broken} is no instance id.`);
    return registered(target.values, nodes);
  }
  const tag = /^tag:(.+)$/.exec(target.key)?.[1];
  if (tag === undefined) {
    throw clientError(
      'InvalidTarget',
      `The lab selects by InstanceIds or tag:…, not ${target.key}.`,
    );
  }
  return nodes
    .all()
    .filter((node) => hasTag(node, tag, target.values))
    .map((node) => node.machine.instanceId);
}

function hasTag(node: RegisteredNode, tag: string, values: readonly string[]): boolean {
  const value = node.tags[tag];
  return value !== undefined && values.includes(value);
}
