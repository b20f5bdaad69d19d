import { stackNameOf } from '../shared/contract/deployment.ts';
import { list, read, SettingsError } from './allowed.ts';
import { type Cluster, clusterSchema } from './cluster.ts';

/** The key of `cdk.json`'s context that lists the clusters. */
export const CONTEXT_KEY = 'vtepwatch';

const clustersSchema = list(clusterSchema, { least: 1, most: 100 });

/**
 * Reads the clusters of the context. Throws an error that names each wrong key, and what is allowed
 * there: what a service would refuse is refused before anything is deployed.
 */
export function readClusters(context: unknown): readonly Cluster[] {
  const clusters = read(clustersSchema, context, CONTEXT_KEY);
  const troubles = [...clashes(clusters, STACK), ...clashes(clusters, HOSTS)];
  if (troubles.length > 0) throw new SettingsError(CONTEXT_KEY, troubles);
  return clusters;
}

/** Something of which each cluster must have its own. */
interface Own {
  readonly key: keyof Cluster;
  readonly what: string;
  readonly of: (cluster: Cluster) => string;
}

const STACK: Own = {
  key: 'name',
  what: 'the name, or the name of the stack made of it,',
  of: ({ name }) => stackNameOf(name).toLowerCase(),
};

const HOSTS: Own = {
  key: 'tags',
  what: 'the tags, and with them the hosts,',
  of: ({ tags, region }) => {
    const pairs = Object.entries(tags).flatMap(([tag, values]) =>
      [values].flat().map((value) => `${tag}\n${value}`),
    );
    return JSON.stringify([region, pairs.toSorted()]);
  },
};

function clashes(clusters: readonly Cluster[], { key, what, of }: Own): readonly string[] {
  const first = new Map<string, number>();
  return clusters.flatMap((cluster, at) => {
    const other = first.get(of(cluster));
    if (other === undefined) first.set(of(cluster), at);
    const place = `${CONTEXT_KEY}[${at}].${key}`;
    return other === undefined
      ? []
      : [`${place}: ${what} of ${CONTEXT_KEY}[${other}] again; allowed: each cluster its own`];
  });
}
