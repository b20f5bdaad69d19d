/** What `cdk.json` runs: builds the function, and writes a template for each cluster. */

import path from 'node:path';

import { bundleFunction } from './bundle.ts';
import { SettingsError } from './cluster.ts';
import { createDeployment } from './deployment.ts';

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

try {
  const asset = path.join(import.meta.dirname, '..', 'dist', 'asset');
  say('Bundling the function');
  await bundleFunction(asset);
  say('Writing and checking the templates');
  createDeployment(asset).synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  say(`cdk.json: ${error.message}`);
  process.exitCode = 1;
}
