/** `cdk.json` runs this: it builds the function and writes a template for each cluster. */

import path from 'node:path';

import { bundleFunction } from './bundle.ts';
import { SettingsError } from './cluster.ts';
import { createDeployment } from './deployment.ts';
import { runbookOfCheckout } from './runbook-link.ts';

const print = (line: string): boolean => process.stderr.write(`${line}\n`);

try {
  const root = path.join(import.meta.dirname, '..');
  const dist = path.join(root, 'dist');
  print('Bundling the function');
  await Promise.all([
    bundleFunction(path.join(dist, 'asset')),
    bundleFunction(path.join(dist, 'asset-with-maps'), { sourceMaps: true }),
  ]);
  print('Writing and checking the templates');
  const runbook = await runbookOfCheckout(root);
  createDeployment({ defaults: runbook === undefined ? {} : { runbook } }).synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  print(error.message);
  process.exitCode = 1;
}
