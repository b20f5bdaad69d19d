/**
 * Runs the bundle as Lambda does: in a process of its own with nothing of the lab's environment,
 * kept warm between invocations, one invocation at a time, killed when one outlives its timeout.
 */
import { randomUUID } from 'node:crypto';
import { startSandbox } from './sandbox.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import type { FunctionError } from './messages.ts';

export interface FunctionOptions {
  /** The folder with `index.mjs`. */
  readonly bundle: string;
  /** The function's variables; with those that Lambda itself sets it sees no others. */
  readonly env: Readonly<Record<string, string>>;
  /** Default `vtepwatch`. */
  readonly name?: string;
  /** How its processes run. Default: by the lab's own, simple runtime. */
  readonly sandbox?: (options: SandboxOptions) => Sandbox;
}

export type Invocation =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: FunctionError };

export interface LabFunction {
  /** Throws while another invocation runs: the deployed function has a concurrency of one. */
  invoke(event: unknown, options: { readonly timeoutSeconds: number }): Promise<Invocation>;
  /** The lines that the function wrote to standard output and error, the latest
   * `LOG_LINES_KEPT`. When an invocation is over, its lines are there. */
  readonly logs: readonly string[];
  /** How many processes there have been: more than one after a timeout or a crash. */
  starts(): number;
  close(): Promise<void>;
}

const LOG_LINES_KEPT = 20_000;
/** Dropping one by one would move the whole array at each line. */
const LOG_LINES_DROPPED_AT_ONCE = 2000;

/** The process starts with the first invocation. */
export function startFunction({
  sandbox: start = startSandbox,
  ...options
}: FunctionOptions): LabFunction {
  const logs: string[] = [];
  const log = (line: string): void => {
    logs.push(line);
    if (logs.length > LOG_LINES_KEPT) logs.splice(0, LOG_LINES_DROPPED_AT_ONCE);
  };
  let sandbox: Sandbox | undefined;
  let starts = 0;
  let busy = false;
  let closed = false;

  return {
    logs,
    starts: () => starts,
    invoke: async (event, { timeoutSeconds }) => {
      if (closed) throw new Error('The function is closed.');
      if (busy) throw new Error('The function is running, and has a concurrency of one.');
      busy = true;
      try {
        if (sandbox === undefined || sandbox.ended()) {
          sandbox = start({ ...options, log });
          starts += 1;
        }
        return await sandbox.invoke({ requestId: randomUUID(), event, timeoutSeconds });
      } finally {
        busy = false;
      }
    },
    close: async () => {
      closed = true;
      await sandbox?.end();
    },
  };
}
