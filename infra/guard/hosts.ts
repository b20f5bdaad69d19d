import { isDeepStrictEqual } from 'node:util';
import { listOf, type Properties, recordOf, type Template, textIn } from './template.ts';

/** To what `ssm:SendCommand` may be allowed: the stack's own document, and the hosts of the cluster. */

export function isOwnDocument(resource: unknown, template: Template): boolean {
  const [, id] =
    /^arn:[^:]+:ssm:[^:]+:[^:]+:document\/\{(\w+)\}$/.exec(textIn(resource) ?? '') ?? [];
  return template.resources.get(id ?? '')?.type === 'AWS::SSM::Document';
}

const HOSTS = /^arn:[^:]+:(?:ec2:[^:]+:[^:]+:instance|ssm:[^:]+:[^:]+:managed-instance)\/\*$/;

/** The condition is the cluster's tags, all of them, and nothing that would be true without one. */
export function isTaggedHost(
  resource: unknown,
  { condition, tags }: { readonly condition: unknown; readonly tags: Properties },
): boolean {
  const wanted = Object.entries(tags).map(([key, values]) => [
    `ssm:resourceTag/${key}`,
    listOf(values),
  ]);
  const { StringEquals, ...others } = recordOf(condition);
  const given = Object.entries(recordOf(StringEquals)).map(([key, values]) => [
    key,
    listOf(values),
  ]);
  return (
    HOSTS.test(textIn(resource) ?? '') &&
    wanted.length > 0 &&
    Object.keys(others).length === 0 &&
    isDeepStrictEqual(Object.fromEntries(given), Object.fromEntries(wanted))
  );
}
