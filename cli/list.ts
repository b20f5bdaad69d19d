import { parseArgs } from 'node:util';
import { CLUSTERS_HELP, type KnownCluster, knownClusters } from './deployed/clusters.ts';

const HELP = `vtepwatch list [--config FILE] [--region R] [--json]

Prints the clusters, each with its stack and, where it is known, its Region: those of FILE, or else of
cdk.json in this directory, or else those whose stacks are in your AWS account and Region.

${CLUSTERS_HELP}  --json         print a document instead of text
  --help         this text

Exit status: 0 there is a cluster, 2 a file cannot be read, 69 no cluster was found or AWS did not
answer, 77 these rights do not suffice: cloudformation:ListStacks is needed.
`;

export async function list(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      config: { type: 'string' },
      region: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const clusters = await knownClusters(values);
  process.stdout.write(
    values.json ? `${JSON.stringify(clusters, undefined, 2)}\n` : aligned(clusters),
  );
  return 0;
}

function aligned(clusters: readonly KnownCluster[]): string {
  const [names, stacks] = [
    Math.max(...clusters.map(({ name }) => name.length)),
    Math.max(...clusters.map(({ stack }) => stack.length)),
  ];
  return clusters
    .map(({ name, stack, region = '' }) =>
      `${name.padEnd(names)}  ${stack.padEnd(stacks)}  ${region}`.trimEnd(),
    )
    .concat('')
    .join('\n');
}
