/**
 * The program of the function's process: loads `index.mjs` of the bundle that is its argument, and
 * calls its handler for each message from the lab, one after the other, as Lambda's runtime does.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { endLine, isInvokeMessage } from './messages.ts';
import type { FunctionError, InvokeMessage, ReplyMessage } from './messages.ts';

type Handler = (event: unknown, context: object) => unknown;

// Without its parent nobody will ever invoke or end this process.
process.on('disconnect', () => {
  process.exit();
});

try {
  const handler = await load(process.argv[2] ?? '.');
  process.on('message', (message) => {
    if (isInvokeMessage(message)) void invoke(handler, message);
  });
  reply({ kind: 'ready' });
} catch (error) {
  reply({ kind: 'unloadable', error: reported(error) });
}

async function load(bundle: string): Promise<Handler> {
  const module: unknown = await import(pathToFileURL(path.join(bundle, 'index.mjs')).href);
  if (typeof module === 'object' && module !== null && 'handler' in module) {
    const { handler } = module;
    if (isHandler(handler)) return handler;
  }
  throw new Error('index.handler is undefined or not exported');
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<void> {
  const { requestId } = message;
  const answer = await outcome(handler, message);
  // Writes to a pipe are synchronous on Linux and macOS: what the handler logged is before these.
  process.stdout.write(`${endLine(requestId)}\n`);
  process.stderr.write(`${endLine(requestId)}\n`);
  reply(answer);
}

async function outcome(handler: Handler, message: InvokeMessage): Promise<ReplyMessage> {
  const { requestId } = message;
  try {
    const result = await handler(message.event, contextOf(message));
    const text = JSON.stringify(result ?? null);
    return { kind: 'result', requestId, result: JSON.parse(text) };
  } catch (error) {
    return { kind: 'error', requestId, error: reported(error) };
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf({ requestId, timeoutMilliseconds }: InvokeMessage): object {
  const deadline = performance.now() + timeoutMilliseconds;
  const name = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
  const region = process.env['AWS_REGION'] ?? '';
  return {
    functionName: name,
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    invokedFunctionArn: `arn:aws:lambda:${region}:000000000000:function:${name}`,
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    awsRequestId: requestId,
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - performance.now())),
  };
}

function reported(error: unknown): FunctionError {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

function reply(message: ReplyMessage): void {
  process.send?.(message);
}
