import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { stackNameOf } from '../shared/contract/deployment.ts';
import { clusterNameSchema } from '../shared/contract/settings.ts';

const HELP = `vtepwatch list [--json]

Prints the clusters of cdk.json in this directory, each with its stack.

  --json  print a document instead of text
  --help  this text
`;

const contextSchema = z.object({
  context: z.object({ vtepwatch: z.array(z.object({ name: clusterNameSchema })) }),
});

export async function list(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const clusters = (await clustersInContext()).map((name) => ({ name, stack: stackNameOf(name) }));
  const text = values.json
    ? `${JSON.stringify(clusters, undefined, 2)}\n`
    : clusters.map(({ name, stack }) => `${name}  ${stack}\n`).join('');
  process.stdout.write(text);
  return 0;
}

/** The names of the clusters in `cdk.json` of this directory. */
export async function clustersInContext(): Promise<readonly string[]> {
  const text = await readFile('cdk.json', 'utf8').catch((cause: unknown) => {
    throw new Error('reading the clusters in cdk.json of this directory', { cause });
  });
  const read = contextSchema.safeParse(readJson(text));
  if (read.success) return read.data.context.vtepwatch.map(({ name }) => name);
  throw new Error('cdk.json lists no clusters in its context "vtepwatch": npm run synth says more');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
