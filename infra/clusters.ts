import * as z from 'zod/mini';
import { stackNameOf } from '../shared/contract/deployment.ts';
import { listOf, readSetting } from '../shared/contract/settings.ts';
import { type Cluster, readCluster, SettingsError } from './cluster.ts';

/** The key of `cdk.json`'s context that lists the clusters. */
export const CONTEXT_KEY = 'vtepwatch';

const listSchema = listOf(z.unknown(), {
  least: 1,
  most: 100,
  words: 'be a list of 1 to 100 clusters',
});

/** What a cluster has that does not set it. */
export type Defaults = Partial<Pick<Cluster, 'runbook'>>;

/**
 * Reads the clusters of the context. Throws an error that names each wrong key and says what it must
 * be: what a service would refuse is refused before anything is deployed.
 */
export function readClusters(context: unknown, defaults: Defaults = {}): readonly Cluster[] {
  const list = readSetting(listSchema, context, (place) => `${CONTEXT_KEY}${place}`);
  if (list.kind === 'wrong') throw new SettingsError(list.troubles);
  const readings = list.value.map((settings, at) =>
    readCluster(withDefaults(settings, defaults), `${CONTEXT_KEY}[${at}]`),
  );
  const wrong = readings.flatMap((reading) => (reading.kind === 'wrong' ? reading.troubles : []));
  if (wrong.length > 0) throw new SettingsError(wrong);
  const clusters = readings.flatMap((reading) => (reading.kind === 'read' ? [reading.value] : []));
  const clashes = [...clashesOf(clusters, STACK), ...clashesOf(clusters, HOSTS)];
  if (clashes.length > 0) throw new SettingsError(clashes);
  return clusters;
}

function withDefaults(settings: unknown, defaults: Defaults): unknown {
  const isObject = typeof settings === 'object' && settings !== null && !Array.isArray(settings);
  return isObject ? { ...defaults, ...settings } : settings;
}

/** Something that no two clusters may share. */
interface Own {
  readonly key: keyof Cluster;
  readonly what: string;
  readonly of: (cluster: Cluster) => string;
}

const STACK: Own = {
  key: 'name',
  what: 'make another stack name than',
  of: ({ name }) => stackNameOf(name).toLowerCase(),
};

const HOSTS: Own = {
  key: 'tags',
  what: 'select other hosts than',
  of: ({ tags, region }) => {
    const pairs = Object.entries(tags).flatMap(([tag, values]) =>
      [values].flat().map((value) => `${tag}\n${value}`),
    );
    return JSON.stringify([region, pairs.toSorted()]);
  },
};

function clashesOf(clusters: readonly Cluster[], { key, what, of }: Own): readonly string[] {
  const placeOf = (at: number): string => `${CONTEXT_KEY}[${at}] ("${clusters[at]?.name}")`;
  const first = new Map<string, number>();
  return clusters.flatMap((cluster, at) => {
    const other = first.get(of(cluster));
    if (other === undefined) first.set(of(cluster), at);
    return other === undefined ? [] : [`${placeOf(at)}: ${key} must ${what} ${placeOf(other)}`];
  });
}
