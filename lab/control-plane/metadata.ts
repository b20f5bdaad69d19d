import { createHash } from 'node:crypto';

/** What every Kubernetes object says of itself. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const SYSTEM_NAMESPACE = 'kube-system';

/** The age of the seed's cluster. */
const AGE_DAYS = 100;

/** Metadata as old as the cluster. `now` is in milliseconds since the epoch. */
export function metadata(
  kind: string,
  own: Pick<Metadata, 'name' | 'namespace' | 'labels' | 'annotations'>,
  now: number,
): Metadata {
  return {
    ...own,
    uid: digest(`${kind}/${own.name}`).replace(
      /^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/,
      '$1-$2-$3-$4-$5',
    ),
    resourceVersion: '1',
    creationTimestamp: clusterBirth(now),
  };
}

export function clusterBirth(now: number): string {
  return timestamp(now - AGE_DAYS * 24 * 60 * 60 * 1000);
}

/** As Kubernetes writes times: without fractions of a second. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Hexadecimal digits that tell one name from another. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
