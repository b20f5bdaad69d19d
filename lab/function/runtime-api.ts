/**
 * The Runtime API, by which a function's process asks for its next invocation and answers it:
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { LAB_ACCOUNT, LAB_REGION } from '../aws/account.ts';
import type { SandboxAnswer } from './sandbox.ts';

export interface RuntimeApi {
  /** For `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Settles when the process asks for an invocation and there is none: it may be frozen. */
  idle(): Promise<void>;
  /** Hands an invocation to the process, which must be idle, and waits for what it answers. */
  invoke(invocation: NextInvocation): Promise<SandboxAnswer>;
  close(): Promise<void>;
}

interface NextInvocation {
  readonly requestId: string;
  readonly event: unknown;
  readonly timeoutMilliseconds: number;
  readonly functionName: string;
}

const ROOT = '/2018-06-01/runtime/';
const ANSWER = /^invocation\/([^/]+)\/(response|error)$/;

const errorSchema = z.object({
  errorType: z.string(),
  errorMessage: z.string(),
  trace: z._default(z.array(z.string()), []),
});

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const turns = takeTurns();
  const server = createServer((request, response) => {
    handle(turns, request, response).catch((cause: unknown) => {
      response.writeHead(500).end(String(cause));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The lab has no port.');
  return {
    address: `127.0.0.1:${address.port}`,
    idle: () => turns.idle(),
    invoke: (invocation) => turns.invoke(invocation),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whose turn it is: the process waits for an invocation, or the lab for an answer. */
interface Turns {
  idle(): Promise<void>;
  invoke(invocation: NextInvocation): Promise<SandboxAnswer>;
  /** The process asks for its next invocation. */
  ask(response: ServerResponse): void;
  /** The process answers; or it could not load its module, and answers whatever comes so. */
  answer(requestId: string | undefined, answer: SandboxAnswer): void;
}

function takeTurns(): Turns {
  let waiting = Promise.withResolvers<ServerResponse>();
  let current: { readonly id: string; readonly done: (answer: SandboxAnswer) => void } | undefined;
  let unloadable: SandboxAnswer | undefined;
  return {
    idle: async () => {
      await waiting.promise;
    },
    invoke: async (invocation) => {
      if (unloadable !== undefined) return unloadable;
      const { promise, resolve } = Promise.withResolvers<SandboxAnswer>();
      current = { id: invocation.requestId, done: resolve };
      const response = await Promise.race([waiting.promise, promise]);
      if ('kind' in response) return response;
      waiting = Promise.withResolvers<ServerResponse>();
      hand(response, invocation);
      return await promise;
    },
    ask: (response) => {
      waiting.resolve(response);
    },
    answer: (requestId, answer) => {
      if (requestId === undefined) unloadable = answer;
      else if (requestId !== current?.id) return;
      current?.done(answer);
    },
  };
}

function hand(response: ServerResponse, invocation: NextInvocation): void {
  const { requestId, event, timeoutMilliseconds, functionName } = invocation;
  response.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': requestId,
    'lambda-runtime-deadline-ms': String(Date.now() + timeoutMilliseconds),
    'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${LAB_REGION}:${LAB_ACCOUNT}:function:${functionName}`,
    'lambda-runtime-trace-id': 'Root=1-5f0e6f3c-000000000000000000000001;Sampled=0',
  });
  response.end(JSON.stringify(event));
}

async function handle(
  turns: Turns,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').slice(ROOT.length);
  if (path === 'invocation/next') {
    turns.ask(response);
    return;
  }
  const body: unknown = JSON.parse((await buffer(request)).toString('utf8'));
  const [, requestId, kind] = ANSWER.exec(path) ?? [];
  if (path === 'init/error') {
    turns.answer(undefined, { kind: 'error', error: errorSchema.parse(body) });
  } else if (kind === 'response') {
    turns.answer(requestId, { kind: 'result', result: body });
  } else if (kind === 'error') {
    turns.answer(requestId, { kind: 'error', error: errorSchema.parse(body) });
  } else {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(202).end();
}
