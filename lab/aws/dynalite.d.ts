/** dynalite ships no types; this is the part that the lab uses. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface Options {
    /** How long a table stays in CREATING. */
    readonly createTableMs?: number;
  }

  /** In memory, as long as no path is given. */
  function dynalite(options?: Options): Server;

  export = dynalite;
}
