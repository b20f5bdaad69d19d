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
  const list = readSetting(listSchema, context, {
    subjectOf: (place) => `${CONTEXT_KEY}${place}`,
  });
  if (list.kind === 'wrong') throw new SettingsError(list.troubles);
  const readings = list.value.map((settings, at) =>
    readCluster(withDefaults(settings, defaults), `${CONTEXT_KEY}[${at}]`),
  );
  const wrong = readings.flatMap((reading) => (reading.kind === 'wrong' ? reading.troubles : []));
  if (wrong.length > 0) throw new SettingsError(wrong);
  const clusters = readings.flatMap((reading) => (reading.kind === 'read' ? [reading.value] : []));
  const clashes = [...clashesOf(clusters, sameStack), ...clashesOf(clusters, sameHosts)];
  if (clashes.length > 0) throw new SettingsError(clashes);
  return clusters;
}

function withDefaults(settings: unknown, defaults: Defaults): unknown {
  const isObject = typeof settings === 'object' && settings !== null && !Array.isArray(settings);
  return isObject ? { ...defaults, ...settings } : settings;
}

/** Of two clusters, what they must not have in common; undefined where all is well. */
type Clash = (one: Cluster, other: Cluster) => string | undefined;

/** A stack's name is taken once in an account and Region, in upper or lower case. */
const sameStack: Clash = (one, other) => {
  const [own, others] = [one, other].map(({ name }) => stackNameOf(name).toLowerCase());
  return own === others && mayShareSite(one, other)
    ? 'name must make another stack name than'
    : undefined;
};

/** A host belongs to one cluster: two that have no tag in common could both select a host with both tags. */
const sameHosts: Clash = (one, other) => {
  if (!mayShareSite(one, other)) return undefined;
  const areApart = Object.entries(one.tags).some(([key, values]) => {
    const others = other.tags[key];
    return (
      others !== undefined && new Set([values].flat()).isDisjointFrom(new Set([others].flat()))
    );
  });
  return areApart
    ? undefined
    : 'tags must exclude the hosts of another cluster, by a tag with other values than';
};

/** The account or Region of the credentials may be any. */
function mayShareSite(one: Cluster, other: Cluster): boolean {
  return mayBeSame(one.account, other.account) && mayBeSame(one.region, other.region);
}

function mayBeSame(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

function clashesOf(clusters: readonly Cluster[], clash: Clash): readonly string[] {
  const placeOf = (at: number): string => `${CONTEXT_KEY}[${at}] ("${clusters[at]?.name}")`;
  return clusters.flatMap((cluster, at) => {
    const others = clusters.slice(0, at).map((other) => clash(cluster, other));
    const first = others.findIndex((trouble) => trouble !== undefined);
    return first === -1 ? [] : [`${placeOf(at)}: ${others[first]} ${placeOf(first)}`];
  });
}
