import type { Metadata } from './metadata.ts';

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
export function acceptedTableVersion(accept: string): string | undefined {
  return accept
    .split(',')
    .find((form) => form.includes('as=Table') && form.includes('g=meta.k8s.io'))
    ?.match(/;v=(v1|v1beta1)(;|$)/)?.[1];
}

/** Renders objects as a `meta.k8s.io` table. */
export function table<T extends Named>(
  objects: readonly T[],
  columns: readonly Column<T>[],
  { version, now }: { readonly version: string; readonly now: number },
): object {
  const apiVersion = `meta.k8s.io/${version}`;
  return {
    kind: 'Table',
    apiVersion,
    metadata: { resourceVersion: '1' },
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
