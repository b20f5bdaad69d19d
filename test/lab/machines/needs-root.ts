/** Real machines need root. In CI they are never skipped: what cannot be made there is a failure. */
export const NO_REAL_MACHINES = process.getuid?.() !== 0 && process.env['CI'] === undefined;
