import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { VERSION } from '../../shared/contract/version.ts';
import { zipOf } from './zip.ts';

/** What the archive of the function is called; its version makes it a new object in a bucket. */
export const ARCHIVE = `vtepwatch-function-${VERSION}.zip`;

/** The function's folder as the archive that Lambda takes. */
export async function archiveOf(asset: string): Promise<Buffer> {
  const names = await readdir(asset, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
  return zipOf(
    await Promise.all(
      files.map(async (file) => ({
        name: path.relative(asset, file).replaceAll(path.sep, '/'),
        contents: await readFile(file),
      })),
    ),
  );
}
