/** Writes `docs/clusters.schema.json`: with it an editor completes and checks the file of the clusters. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { clusterSchema } from './cluster.ts';

const fileSchema = z.strictObject({
  $schema: z.optional(z.string()),
  clusters: z.array(clusterSchema),
});

/** The schema of such a file, as JSON. What it cannot say of a value, its description does. */
export function settingsSchemaText(): string {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const words = wordsOf(zodSchema);
      if (words !== undefined) jsonSchema.description = `Must ${words}.`;
    },
  });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** The words for a person that the grammar carries. */
function wordsOf(schema: z.core.$ZodType): string | undefined {
  const { error } = schema['_zod'].def;
  if (error === undefined) return undefined;
  // It takes the trouble that it describes, and the grammar's words are the same for all.
  const words: unknown = Reflect.apply(error, undefined, [{}]);
  return typeof words === 'string' ? words : undefined;
}

if (import.meta.main) {
  const file = path.join(import.meta.dirname, '..', 'docs', 'clusters.schema.json');
  await writeFile(file, settingsSchemaText());
  process.stdout.write('docs/clusters.schema.json\n');
}
