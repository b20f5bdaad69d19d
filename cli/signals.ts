/** What ends a program from outside. */

/** The exit status of a program that a signal ended, as a shell has it. */
export const ENDED_BY = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C reaches a program below npm twice, by the terminal and by npm: so soon it is the same one. */
export const ONE_SIGNAL_MS = 2000;
