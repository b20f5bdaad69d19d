/** `cdk.json` runs this: it builds the function and writes a template for each cluster. */

import path from 'node:path';

import { bundleFunction } from './bundle.ts';
import { SettingsError } from './cluster.ts';
import { createDeployment } from './deployment.ts';

const print = (line: string): boolean => process.stderr.write(`${line}\n`);

try {
  const asset = path.join(import.meta.dirname, '..', 'dist', 'asset');
  print('Bundling the function');
  await bundleFunction(asset);
  print('Writing and checking the templates');
  createDeployment(asset).synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  print(`cdk.json: ${error.message}`);
  process.exitCode = 1;
}
