/**
 * Runs the bundle as Lambda does: in a process of its own with nothing of the lab's environment,
 * kept warm between invocations, one invocation at a time, killed when one outlives its timeout.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PROCESS_VARIABLES } from '../../shared/contract/settings.ts';
import { LAB_CREDENTIALS, LAB_REGION } from '../aws/account.ts';
import {
  endLine,
  type FunctionError,
  isEndLine,
  isReplyMessage,
  type ReplyMessage,
} from './messages.ts';

export interface FunctionOptions {
  /** The folder with `index.mjs`. */
  readonly bundle: string;
  /** The function's variables; with those that Lambda itself sets it sees no others. */
  readonly env: Readonly<Record<string, string>>;
  /** Default `vtepwatch`. */
  readonly name?: string;
  /** `frozen`: nothing of the process runs between invocations, as in Lambda, while time and the
   * network go on; needs Linux. Default `running`. */
  readonly idle?: 'frozen' | 'running' | undefined;
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
export function startFunction(options: FunctionOptions): LabFunction {
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
          sandbox = startSandbox(options, log);
          starts += 1;
        }
        return await sandbox.invoke(event, timeoutSeconds);
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

/** One process of the function. */
interface Sandbox {
  invoke(event: unknown, timeoutSeconds: number): Promise<Invocation>;
  /** Whether the process is gone, so that the next invocation needs another. */
  ended(): boolean;
  /** Kills the process and waits until it is gone. */
  end(): Promise<void>;
}

const RUNTIME = path.join(import.meta.dirname, 'runtime.ts');

/** A frozen process cannot see by itself that its parent has gone. */
const DIES_WITH_ITS_PARENT = ['setpriv', '--pdeathsig', 'KILL'] as const;

/** Lambda's limit for loading a function's module. */
const INIT_SECONDS = 10;

function startSandbox(options: FunctionOptions, log: (line: string) => void): Sandbox {
  const isFrozen = options.idle === 'frozen';
  const [program, ...words] = [
    ...(isFrozen ? DIES_WITH_ITS_PARENT : []),
    process.execPath,
    RUNTIME,
    options.bundle,
  ];
  const child = spawn(program, words, {
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const streams = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [readLines(stream, log)],
  );
  const gone = new Promise<undefined>((resolve) => {
    for (const end of ['close', 'error']) child.once(end, () => resolve(undefined));
  });
  const ready = firstReply(child, gone);
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const end = async (): Promise<void> => {
    // It ends a frozen process, too.
    child.kill('SIGKILL');
    await gone;
  };

  return {
    ended,
    end,
    invoke: async (event, timeoutSeconds) => {
      const requestId = randomUUID();
      child.kill('SIGCONT');
      const loaded = await ready;
      if (loaded.kind === 'unloadable') {
        await end();
        return { kind: 'error', error: loaded.error };
      }
      const timeoutMilliseconds = timeoutSeconds * 1000;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        void end();
      }, timeoutMilliseconds);
      const reply = replyTo(child, requestId);
      // A process that is gone takes no message; `gone` says so then.
      child.send({ requestId, event, timeoutMilliseconds }, () => {});
      const answer = await Promise.race([reply, gone]);
      clearTimeout(timer);
      if (answer === undefined) {
        return isLate ? timedOut(requestId, timeoutSeconds) : exited(requestId, child);
      }
      await Promise.all(streams.map(async (stream) => stream.reached(endLine(requestId))));
      if (isFrozen && !ended()) child.kill('SIGSTOP');
      return answer;
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
function environmentOf({
  env,
  name = 'vtepwatch',
  bundle,
}: FunctionOptions): Record<string, string> {
  return {
    ...LAB_CREDENTIALS,
    AWS_REGION: LAB_REGION,
    AWS_DEFAULT_REGION: LAB_REGION,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'lab',
    LAMBDA_TASK_ROOT: bundle,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    _HANDLER: 'index.handler',
    ...PROCESS_VARIABLES,
    ...env,
  };
}

type Loaded = Extract<ReplyMessage, { readonly kind: 'ready' | 'unloadable' }>;

async function firstReply(child: ChildProcess, gone: Promise<undefined>): Promise<Loaded> {
  const timer = setTimeout(() => child.kill('SIGKILL'), INIT_SECONDS * 1000);
  const said = new Promise<Loaded>((resolve) => {
    child.on('message', (message) => {
      if (!isReplyMessage(message)) return;
      if (message.kind === 'ready' || message.kind === 'unloadable') resolve(message);
    });
  });
  const first = await Promise.race([said, gone]);
  clearTimeout(timer);
  if (first !== undefined) return first;
  const errorMessage = `The process went, or took ${INIT_SECONDS} s, before its module was loaded.`;
  return { kind: 'unloadable', error: { errorType: 'Runtime.ExitError', errorMessage, trace: [] } };
}

async function replyTo(child: ChildProcess, requestId: string): Promise<Invocation> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if (!isReplyMessage(message)) return;
      if (message.kind !== 'result' && message.kind !== 'error') return;
      if (message.requestId !== requestId) return;
      child.off('message', take);
      resolve(
        message.kind === 'result'
          ? { kind: 'result', result: message.result }
          : { kind: 'error', error: message.error },
      );
    };
    child.on('message', take);
  });
}

function timedOut(requestId: string, seconds: number): Invocation {
  const what = `Task timed out after ${seconds.toFixed(2)} seconds`;
  return failed(requestId, 'Sandbox.Timedout', what);
}

function exited(requestId: string, child: ChildProcess): Invocation {
  const how = child.signalCode ?? `exit status ${child.exitCode}`;
  return failed(requestId, 'Runtime.ExitError', `Runtime exited with error: ${how}`);
}

/** In Lambda's words. */
function failed(requestId: string, errorType: string, what: string): Invocation {
  const errorMessage = `RequestId: ${requestId} Error: ${what}`;
  return { kind: 'error', error: { errorType, errorMessage, trace: [] } };
}

/** One of the function's output streams, line by line. */
interface LogLines {
  /** Waits until the stream has brought this end line, or has ended. */
  reached(line: string): Promise<void>;
}

/** A line beyond this is cut, as CloudWatch cuts its events. */
const LINE_CHARACTERS = 262_144;

/** Hands every line but the end lines to `log`. */
function readLines(stream: Readable, log: (line: string) => void): LogLines {
  const passed = new Map<string, PromiseWithResolvers<void>>();
  const end = (line: string): PromiseWithResolvers<void> => {
    const known = passed.get(line) ?? Promise.withResolvers<void>();
    passed.set(line, known);
    return known;
  };
  const over = Promise.withResolvers<void>();
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    if (isEndLine(line)) end(line).resolve();
    else log(line.slice(0, LINE_CHARACTERS));
  });
  lines.on('close', () => over.resolve());
  return {
    reached: async (line) => {
      await Promise.race([end(line).promise, over.promise]);
      passed.delete(line);
    },
  };
}
