import { remark } from '../cli/progress.ts';
import { ENDED_BY, ONE_SIGNAL_MS } from '../cli/signals.ts';
import type { Place } from './account.ts';
import { removalCommands } from './plan.ts';

type Signal = keyof typeof ENDED_BY;

interface Signals {
  /** Aborts with the first signal: the trial ends its step and destroys what it has made. */
  readonly interrupt: AbortSignal;
  /** Undefined where none has come. */
  status(): number | undefined;
}

/** The first signal ends the trial in order; the second one at once, and then it says what to remove. */
export function onSignals(place: Place, stacks: readonly string[]): Signals {
  const controller = new AbortController();
  let first: { readonly signal: Signal; readonly at: number } | undefined;
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    const listener = (): void => {
      if (first === undefined) {
        first = { signal, at: Date.now() };
        remark(
          `${signal}: the trial ends and destroys what it has made; once more ends it at once`,
        );
        controller.abort(new Error(`ended by ${signal}`));
        return;
      }
      if (Date.now() - first.at < ONE_SIGNAL_MS) return;
      remark('ended before everything was destroyed; what is there is removed by:');
      for (const line of removalCommands(place, { stacks, tables: [] })) remark(`  ${line}`);
      process.exit(ENDED_BY[signal]);
    };
    process.on(signal, listener);
  }
  return {
    interrupt: controller.signal,
    status: () => (first === undefined ? undefined : ENDED_BY[first.signal]),
  };
}
