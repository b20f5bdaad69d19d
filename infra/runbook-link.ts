import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Where the runbook of this checkout is read in a browser: at the repository from which it was cloned.
 * Undefined where there is none that has an address, or no git.
 */
export async function runbookOfCheckout(root: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'git',
      ['-C', root, 'config', '--get', 'remote.origin.url'],
      { timeout: 5000 },
    );
    return runbookAt(stdout.trim());
  } catch {
    return undefined;
  }
}

/** `https://HOST/PATH.git`, `ssh://git@HOST/PATH.git` and `git@HOST:PATH.git`, as git clones from. */
const REMOTE =
  /^(?:(?:https|ssh|git):\/\/(?:[^@/\s]*@)?(?<host>[a-z0-9.-]+)(?::\d+)?\/|[a-z0-9._-]+@(?<server>[a-z0-9.-]+):)(?<repository>[\w./~-]+?)(?:\.git)?\/?$/i;

/**
 * The runbook on the default branch of a repository, as GitHub, GitLab, Gitea and Forgejo show it. The
 * link carries no user and no password of the address.
 */
export function runbookAt(remote: string): string | undefined {
  const { host, server, repository } = REMOTE.exec(remote)?.groups ?? {};
  const at = host ?? server;
  if (at === undefined || repository === undefined || !repository.includes('/')) return undefined;
  return `https://${at}/${repository}/blob/HEAD/RUNBOOK.md`;
}
