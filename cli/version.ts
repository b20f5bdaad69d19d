import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { VERSION } from '../shared/contract/version.ts';

/** `npm run build` puts in here what the checkout printed; in the checkout itself there is no such name. */
declare const BUILT_VERSION: string;

const ROOT = path.join(import.meta.dirname, '..');

/**
 * `vtepwatch 0.1.0 (abc1234)`: the version, and in a checkout its commit, with `-dirty` where files differ from it.
 *
 * Only the command line has the commit. In the function it would change the archive with every commit, so each
 * would deploy every cluster anew without a change; the hash of the archive names the function's code.
 */
export async function versionLine(): Promise<string> {
  if (typeof BUILT_VERSION === 'string') return BUILT_VERSION;
  const commit = await commitOf(ROOT);
  return commit === undefined ? `vtepwatch ${VERSION}` : `vtepwatch ${VERSION} (${commit})`;
}

/** Undefined without git, and where the code is no checkout of its own, but lies somewhere in another one. */
async function commitOf(root: string): Promise<string | undefined> {
  if (!existsSync(path.join(root, '.git'))) return undefined;
  const words = ['-C', root, 'describe', '--always', '--dirty', '--abbrev=7', '--exclude=*'];
  try {
    const { stdout } = await promisify(execFile)('git', words, { timeout: 5000 });
    return /^[0-9a-f]{7,40}(?:-dirty)?$/.exec(stdout.trim())?.[0];
  } catch {
    return undefined;
  }
}
