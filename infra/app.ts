/** `cdk.json` runs this: it builds the function and writes a template for each cluster. */

import path from 'node:path';

import { bundleFunction } from './bundle.ts';
import { SettingsError } from './cluster.ts';
import { createDeployment } from './deployment.ts';
import { runbookOfCheckout } from './runbook-link.ts';

const print = (line: string): boolean => process.stderr.write(`${line}\n`);

try {
  const root = path.join(import.meta.dirname, '..');
  const asset = path.join(root, 'dist', 'asset');
  print('Bundling the function');
  await bundleFunction(asset);
  print('Writing and checking the templates');
  const runbook = await runbookOfCheckout(root);
  createDeployment({ asset, defaults: runbook === undefined ? {} : { runbook } }).synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  print(`cdk.json: ${error.message}`);
  process.exitCode = 1;
}
