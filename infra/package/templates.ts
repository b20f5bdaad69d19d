import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createDeployment } from '../deployment.ts';
import type { Defaults } from '../clusters.ts';
import { ARCHIVE, archiveOf } from './asset.ts';

interface TemplateOptions {
  /** The function's folder. */
  readonly asset: string;
  readonly clusters: unknown;
  readonly defaults: Defaults;
  /** Where the files are written. */
  readonly out: string;
}

/**
 * Writes a template for each cluster that needs nothing of the CDK, and the archive to which its
 * parameters point. Returns the files' names. Every template has passed the rules of a deployment.
 */
export async function writeTemplates(options: TemplateOptions): Promise<readonly string[]> {
  const { asset, clusters, defaults, out } = options;
  const assembly = createDeployment({ clusters, defaults, isPortable: true }).synth();
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, ARCHIVE), await archiveOf(asset));
  const templates = assembly.stacks.map(async ({ stackName, templateFullPath }) => {
    const name = `${stackName}.template.json`;
    await copyFile(templateFullPath, path.join(out, name));
    return name;
  });
  return [ARCHIVE, ...(await Promise.all(templates))];
}
