import type { Metadata } from './metadata.ts';
import type { Answer, Question } from './question.ts';
import { acceptedTableVersion, table } from './table.ts';
import type { Column } from './table.ts';

interface KubernetesObject {
  readonly metadata: Metadata;
  readonly spec: object;
}

/** The objects of one resource. */
interface Collection<T extends KubernetesObject> {
  /** Of its paths, with the groups `namespace` and `name` where the path has them. */
  readonly pattern: RegExp;
  readonly apiVersion: string;
  readonly kind: string;
  readonly columns: readonly Column<T>[];
  objects(): readonly T[];
}

/** Answers a get or a list of this collection, and nothing if the path is of another one. */
export function collectionAnswer<T extends KubernetesObject>(
  question: Question,
  collection: Collection<T>,
): Answer | undefined {
  const found = collection.pattern.exec(question.path);
  if (found === null) return undefined;

  const { namespace, name } = found.groups ?? {};
  const objects = collection
    .objects()
    .filter(
      ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        (name === undefined || metadata.name === name),
    )
    .filter((object) => isSelected(object, question.parameters));
  if (name !== undefined && objects.length === 0) return { kind: 'not-found' };

  const { apiVersion, kind } = collection;
  const version = acceptedTableVersion(question.accept);
  if (version !== undefined) {
    const rendered = table(objects, collection.columns, { version, now: question.now });
    return { kind: 'document', document: rendered };
  }
  if (name !== undefined)
    return { kind: 'document', document: { apiVersion, kind, ...objects[0] } };
  const list = { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '1' } };
  return { kind: 'document', document: { ...list, items: objects } };
}

/** Label selectors of equality, and the field selectors by name and node. */
function isSelected({ metadata, spec }: KubernetesObject, parameters: URLSearchParams): boolean {
  const nodeName = 'nodeName' in spec && typeof spec.nodeName === 'string' ? spec.nodeName : '';
  const fields = new Map([
    ['metadata.name', metadata.name],
    ['metadata.namespace', metadata.namespace ?? ''],
    ['spec.nodeName', nodeName],
  ]);
  return (
    requirements(parameters.get('labelSelector')).every(
      ([key, value]) => metadata.labels?.[key] === value,
    ) &&
    requirements(parameters.get('fieldSelector')).every(([key, value]) => fields.get(key) === value)
  );
}

function requirements(selector: string | null): readonly (readonly [string, string])[] {
  return (selector ?? '')
    .split(',')
    .filter((requirement) => requirement !== '')
    .map((requirement) => {
      const [key = '', value = ''] = requirement.split(/==?/);
      return [key, value] as const;
    });
}
