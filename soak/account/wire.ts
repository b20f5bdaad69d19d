import type { VirtualClock } from '../virtual-clock.ts';

/** What goes wrong with one call of the function. */
export const CALL_FAULTS = [
  'refused',
  'throttled',
  'hanging',
  'never-sent',
  'answer-lost',
  'killed-before',
  'killed-after',
] as const;

export type CallFault = (typeof CALL_FAULTS)[number];

export type ServiceName = 'ssm' | 'dynamodb' | 'sns' | 'webhook' | 'otlp';

export interface Call {
  readonly service: ServiceName;
  readonly operation: string;
}

/** Decides for each call of the function, in their order, what goes wrong with it. */
export type Wire = (call: Call) => CallFault | undefined;

/** One environment of Lambda, until it is killed. */
export interface Process {
  /** Rejects when the process is killed. */
  readonly killed: Promise<never>;
  /**
   * Does one call, or what goes wrong with it. A call of a killed process never ends, so that nothing of
   * the process goes on.
   */
  call<T>(call: Call, perform: () => T, refuse: Refuse<T>): Promise<T>;
}

/** How a service refuses a call. */
type Refuse<T> = (fault: 'refused' | 'throttled') => T;

/** How long a client waits for an answer, milliseconds. */
const HANGING_MS = 5000;

export function startProcess(clock: VirtualClock, wire: Wire): Process {
  const { promise: killed, reject } = Promise.withResolvers<never>();
  // Who is not waiting for a run does not care.
  killed.catch(() => undefined);
  let isDead = false;
  const die = async <T>(): Promise<T> => {
    isDead = true;
    reject(new Error('killed'));
    return await never();
  };
  return {
    killed,
    call: async (call, perform, refuse) => {
      if (isDead) return await never();
      const fault = wire(call);
      switch (fault) {
        case undefined:
          return perform();
        case 'refused':
        case 'throttled':
          return refuse(fault);
        case 'hanging':
          await clock.pause(HANGING_MS);
          throw networkError('TimeoutError', 'ETIMEDOUT');
        case 'never-sent':
          throw networkError('Error', 'ECONNREFUSED');
        case 'answer-lost':
          perform();
          throw networkError('Error', 'ECONNRESET');
        case 'killed-before':
          return await die();
        case 'killed-after':
          perform();
          return await die();
      }
    },
  };
}

async function never<T>(): Promise<T> {
  return await new Promise<T>(() => undefined);
}

function networkError(name: string, code: string): Error {
  return Object.assign(new Error(code), { name, code });
}
