/** A bound on how much runs at a time; the rest waits its turn. */
export interface Slots {
  /** Waits for a slot, and gives what gives it back. `undefined`: the signal came first. */
  take(signal: AbortSignal): Promise<(() => void) | undefined>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    take: async (signal) => {
      if (signal.aborted) return undefined;
      if (free === 0) return (await turn(waiting, signal)) ? giveBack : undefined;
      free -= 1;
      return giveBack;
    },
  };
}

async function turn(waiting: (() => void)[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const takeOver = (): void => {
      signal.removeEventListener('abort', leave);
      resolve(true);
    };
    const leave = (): void => {
      waiting.splice(waiting.indexOf(takeOver), 1);
      resolve(false);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(takeOver);
  });
}
