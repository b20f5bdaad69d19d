import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { stackNameOf } from '../../shared/contract/deployment.ts';
import { clusterNameSchema } from '../../shared/contract/settings.ts';
import { Failure } from '../failure.ts';
import { during } from '../progress.ts';
import { regionOf } from './options.ts';

/** A cluster that has a stack, or is to have one. */
export interface KnownCluster {
  readonly name: string;
  readonly stack: string;
  /** Undefined: that of the operator. */
  readonly region?: string | undefined;
}

/** Where the clusters are looked for. */
interface Place {
  /** The settings of the clusters, outside the checkout. */
  readonly config?: string | undefined;
  /** Overrides the Region that a cluster names. */
  readonly region?: string | undefined;
}

export const CLUSTERS_HELP = `  --config FILE  the file with the settings of the clusters, as for cdk deploy -c config=FILE
  --region R     where stacks are looked for; default: AWS_REGION, AWS_DEFAULT_REGION, or that of the
                 AWS profile
`;

/**
 * The clusters of the named file, or else of cdk.json in this directory, or else those that are deployed in the
 * operator's account and Region: an installed package has no cdk.json, and that of another app may name no cluster.
 */
export async function knownClusters({ config, region }: Place): Promise<readonly KnownCluster[]> {
  const settings = await (config === undefined ? clustersOfContext() : clustersOfFile(config));
  if (settings !== undefined) {
    return settings.map((cluster) => ({
      name: cluster.name,
      stack: stackNameOf(cluster.name),
      region: region ?? cluster.region,
    }));
  }
  // The SDK is loaded only where it is asked.
  const { deployedClusters } = await import('./list-stacks.ts');
  const looking = deployedClusters(regionOf(region));
  const found = await during('looking for the stacks of vtepwatch', looking);
  if (found.clusters.length > 0) return found.clusters;
  throw new Failure(
    'unreachable',
    `cdk.json in this directory names no cluster, and this account has no stack of vtepwatch in ${found.region}; ` +
      'use --config to name a file of settings, or --region to name another Region',
  );
}

const listSchema = z
  .array(z.object({ name: clusterNameSchema, region: z.optional(z.string()) }))
  .check(z.minLength(1));

type Settings = z.infer<typeof listSchema>;

const fileSchema = z.union([listSchema, z.object({ clusters: listSchema })]);

async function clustersOfFile(file: string): Promise<Settings> {
  const read = fileSchema.safeParse(await readJson(file));
  if (!read.success) {
    throw new Error(
      `${file} lists no clusters: it must be a list, or { "clusters": [...] }, and each must have its name`,
    );
  }
  return Array.isArray(read.data) ? read.data : read.data.clusters;
}

const contextSchema = z.object({
  context: z.optional(
    z.object({ config: z.optional(z.string()), vtepwatch: z.optional(z.unknown()) }),
  ),
});

/** Undefined where there is no cdk.json, or one that is about something else. */
async function clustersOfContext(): Promise<Settings | undefined> {
  const json = await readJson('cdk.json').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  const context = contextSchema.safeParse(json).data?.context;
  if (context?.config !== undefined) return await clustersOfFile(context.config);
  if (context?.vtepwatch === undefined) return undefined;
  const read = listSchema.safeParse(context.vtepwatch);
  if (read.success) return read.data;
  throw new Error('cdk.json lists no clusters in its context "vtepwatch": npm run synth says more');
}

/** The content may have secrets: an error does not quote it. */
async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`reading the clusters in ${file}`, { cause });
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`reading the clusters in ${file}: it is not JSON`);
  }
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
