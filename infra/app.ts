import path from 'node:path';
import { SettingsError } from './allowed.ts';
import { bundleFunction } from './bundle.ts';
import { createDeployment } from './deployment.ts';

/** What `cdk.json` runs: builds the function, and writes a template for each cluster. */
try {
  const asset = path.join(import.meta.dirname, '..', 'dist', 'asset');
  await bundleFunction(asset);
  createDeployment(asset).synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`cdk.json: ${error.message}\n`);
  process.exitCode = 1;
}
