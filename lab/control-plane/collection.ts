import type { Metadata } from './objects.ts';

/** A GET, as far as the answer depends on it. */
export interface Question {
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly accept: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Answer =
  | { readonly kind: 'document'; readonly contentType?: string; readonly document: object }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'proxied' };

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
  const { items, metadata } = pageOf(objects, question.parameters);
  const version = acceptedTableVersion(question.accept);
  if (version !== undefined) {
    const rendered = table(items, collection.columns, { version, now: question.now });
    return { kind: 'document', document: { ...rendered, metadata } };
  }
  if (name !== undefined)
    return { kind: 'document', document: { apiVersion, kind, ...objects[0] } };
  const document = { apiVersion, kind: `${kind}List`, metadata, items };
  return { kind: 'document', document };
}

/** So many objects as are asked for at once; the token of a page is where the next one begins. */
function pageOf<T>(objects: readonly T[], parameters: URLSearchParams) {
  const from = Number(parameters.get('continue') ?? 0);
  const end = from + (Number(parameters.get('limit') ?? 0) || objects.length);
  const next = end < objects.length ? { continue: String(end) } : {};
  return { items: objects.slice(from, end), metadata: { resourceVersion: '1', ...next } };
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

interface Named {
  readonly metadata: Metadata;
}

/** A column that an API server gives a resource, so that kubectl can print what it does not know. */
export interface Column<T> {
  readonly name: string;
  /** Shown with `-o wide` alone. */
  readonly wide?: true;
  /** `now` is in milliseconds since the epoch. */
  cell(object: T, now: number): string;
}

export const NAME: Column<Named> = { name: 'Name', cell: (object) => object.metadata.name };

export const AGE: Column<Named> = {
  name: 'Age',
  cell: (object, now) => age(now - Date.parse(object.metadata.creationTimestamp)),
};

/** The version of the table form that a request prefers, if it accepts tables at all. */
function acceptedTableVersion(accept: string): string | undefined {
  return accept
    .split(',')
    .find((form) => form.includes('as=Table') && form.includes('g=meta.k8s.io'))
    ?.match(/;v=(v1|v1beta1)(;|$)/)?.[1];
}

/** Renders objects as a `meta.k8s.io` table. */
function table<T extends Named>(
  objects: readonly T[],
  columns: readonly Column<T>[],
  { version, now }: { readonly version: string; readonly now: number },
): object {
  const apiVersion = `meta.k8s.io/${version}`;
  return {
    kind: 'Table',
    apiVersion,
    columnDefinitions: columns.map(({ name, wide }) => ({
      name,
      type: 'string',
      format: name === NAME.name ? 'name' : '',
      description: name,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      object: { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata },
    })),
  };
}

/** As kubectl shows durations, in their largest unit. */
function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 3 * 60 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 24 * 60 * 60) return `${Math.floor(seconds / 60 / 60)}h`;
  return `${Math.floor(seconds / 24 / 60 / 60)}d`;
}
