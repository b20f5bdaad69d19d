/** Time as a service of the lab sees it; a test may hand in a clock of its own. */
export interface Time {
  /** Epoch milliseconds. */
  now(): number;
  /** Aborts after so many milliseconds. No process stays alive for it. */
  timeout(milliseconds: number): AbortSignal;
}

export const REAL_TIME: Time = {
  now: () => Date.now(),
  timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
};
