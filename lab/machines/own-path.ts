/** What of a machine's files is its own. */
const OWN_DIRECTORIES = ['/etc/', '/var/lib/', '/usr/local/'] as const;

/** Refuses a path that is not the machine's own, or that leads out of it. */
export function assertOwnPath(machine: string, path: string): void {
  const own = OWN_DIRECTORIES.some((directory) => path.startsWith(directory));
  if (!own || path.split('/').includes('..')) {
    throw new Error(`writing ${path} on ${machine}: not below ${OWN_DIRECTORIES.join(', ')}`);
  }
}
