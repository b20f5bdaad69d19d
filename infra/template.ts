/** `npm run template`: templates for Terraform, StackSets and pipelines, which know nothing of the CDK. */

import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFunction } from './bundle.ts';
import { SettingsError } from './cluster.ts';
import { readSettingsFile } from './settings-file.ts';
import { writeTemplates } from './package/templates.ts';
import { runbookOfCheckout } from './runbook-link.ts';

const HELP = `npm run template -- --config FILE --out DIRECTORY

Writes a CloudFormation template for each cluster in FILE, and the archive of the function. The
templates need no bootstrapped account: put the archive into a bucket of the stack's Region, and give
its name and key as the parameters AssetBucket and AssetKey. docs/deploy.md has an example.
`;

const ROOT = path.join(import.meta.dirname, '..');

async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      config: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.config === undefined || values.out === undefined) {
    process.stderr.write(HELP);
    return 64;
  }
  const asset = path.join(ROOT, 'dist', 'asset');
  await bundleFunction(asset);
  const runbook = await runbookOfCheckout(ROOT);
  const written = await writeTemplates({
    asset,
    clusters: readSettingsFile(values.config),
    defaults: runbook === undefined ? {} : { runbook },
    out: path.resolve(values.out),
  });
  process.stdout.write(written.map((name) => `${name}\n`).join(''));
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
