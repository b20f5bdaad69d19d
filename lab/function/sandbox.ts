import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { LAB_CREDENTIALS, LAB_REGION } from '../aws/account.ts';
import { readLines } from './log-lines.ts';
import { endLine, isReplyMessage } from './messages.ts';
import type { FunctionError, ReplyMessage } from './messages.ts';

/** One process of the function. */
export interface Sandbox {
  invoke(request: SandboxRequest): Promise<SandboxAnswer>;
  /** Whether the process is gone, so that the next invocation needs another. */
  ended(): boolean;
  /** Kills the process and waits until it is gone. */
  end(): Promise<void>;
}

export interface SandboxRequest {
  readonly requestId: string;
  readonly event: unknown;
  readonly timeoutSeconds: number;
}

export type SandboxAnswer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: FunctionError };

export interface SandboxOptions {
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly log: (line: string) => void;
}

const RUNTIME = path.join(import.meta.dirname, 'runtime.ts');

/** Lambda's limit for loading a function's module. */
const INIT_SECONDS = 10;

export function startSandbox(options: SandboxOptions): Sandbox {
  const child = spawn(process.execPath, [RUNTIME, options.bundle], {
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const streams = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [readLines(stream, options.log)],
  );
  const gone = new Promise<undefined>((resolve) => {
    child.once('close', () => {
      resolve(undefined);
    });
    child.on('error', () => {
      resolve(undefined);
    });
  });
  const ready = firstReply(child, gone);
  const end = async (): Promise<undefined> => {
    child.kill('SIGKILL');
    return gone;
  };

  return {
    ended: () => child.exitCode !== null || child.signalCode !== null,
    end: async () => {
      await end();
    },
    invoke: async ({ requestId, event, timeoutSeconds }) => {
      const loaded = await ready;
      if (loaded.kind === 'unloadable') {
        await end();
        return { kind: 'error', error: loaded.error };
      }
      const timeoutMilliseconds = timeoutSeconds * 1000;
      let overtime = false;
      const timer = setTimeout(() => {
        overtime = true;
        void end();
      }, timeoutMilliseconds);
      const reply = replyTo(child, requestId);
      // A process that is gone takes no message; `gone` says so then.
      child.send({ requestId, event, timeoutMilliseconds }, () => {});
      const answer = await Promise.race([reply, gone]);
      clearTimeout(timer);
      if (answer === undefined) {
        return overtime ? timedOut(requestId, timeoutSeconds) : exited(requestId, child);
      }
      await Promise.all(streams.map(async (stream) => stream.reached(endLine(requestId))));
      return answer;
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
export function environmentOf({
  env,
  name = 'vtepwatch',
  bundle,
}: SandboxOptions): Record<string, string> {
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
    TZ: ':UTC',
    _HANDLER: 'index.handler',
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

async function replyTo(child: ChildProcess, requestId: string): Promise<SandboxAnswer> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if (!isReplyMessage(message)) return;
      if (message.kind !== 'result' && message.kind !== 'error') return;
      if (message.requestId !== requestId) return;
      child.off('message', take);
      resolve(message);
    };
    child.on('message', take);
  });
}

export function timedOut(requestId: string, seconds: number): SandboxAnswer {
  const what = `Task timed out after ${seconds.toFixed(2)} seconds`;
  return failed(requestId, 'Sandbox.Timedout', what);
}

export function exited(requestId: string, child: ChildProcess): SandboxAnswer {
  const how = child.signalCode ?? `exit status ${child.exitCode}`;
  return failed(requestId, 'Runtime.ExitError', `Runtime exited with error: ${how}`);
}

/** In Lambda's words. */
function failed(requestId: string, errorType: string, what: string): SandboxAnswer {
  const errorMessage = `RequestId: ${requestId} Error: ${what}`;
  return { kind: 'error', error: { errorType, errorMessage, trace: [] } };
}
