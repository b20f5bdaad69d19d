/** `head` closes its pipe when it has seen all that it wants; a terminal that was closed takes no more either. */
const LOST: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

/** That nobody reads the output any more does not end what the program does. */
export function ignoreLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!LOST.has(error.code)) throw error;
    });
  }
}
