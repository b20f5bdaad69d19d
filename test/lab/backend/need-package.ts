import type { FoundPackage } from '../../../lab/backend/debian-package.ts';

/** Leaves a test out where a package of Debian is not to be had, and says why; in CI that is a failure. */
export function needPackage(found: FoundPackage, skip: (note: string) => void): string {
  if (found.kind === 'found') return found.root;
  const note = `left out: ${found.reason}`;
  if (process.env['CI'] === undefined) skip(note);
  throw new Error(note);
}
