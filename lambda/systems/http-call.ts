import type { IncomingMessage } from 'node:http';
import { USER_AGENT } from '../../shared/contract/version.ts';
import { PROXY } from './outside.ts';
import { abortAt, type Deadline, remaining } from '../deadline.ts';

interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface HttpAnswer {
  readonly status: number;
  /** The beginning of the answer; empty where the status is below 300, since nobody reads it then. */
  readonly body: string;
}

export type HttpCaller = (call: HttpCall, deadline: Deadline) => Promise<HttpAnswer>;

/** The most of an answer that is read. */
const BODY_BYTES = 8192;

/**
 * One call, on a connection of its own: a connection that was kept would be dead after the function was
 * frozen. A redirect is returned, not followed. Throws where no answer comes in time. The error does not
 * contain the URL, which may be a secret.
 */
export async function httpCall(call: HttpCall, deadline: Deadline): Promise<HttpAnswer> {
  if (remaining(deadline) === 0) {
    throw new NotConnected('no answer: none in time', 'ETIMEDOUT');
  }
  const response = await send(call, deadline);
  const status = response.statusCode ?? 0;
  if (status >= 300) return { status, body: await beginningOf(response) };
  response.destroy();
  return { status, body: '' };
}

async function send(call: HttpCall, deadline: Deadline): Promise<IncomingMessage> {
  const { method, url, headers = {}, body = '' } = call;
  const address = new URL(url);
  // Imported at the first call: to import node:http loads Node's WebSocket, a sixth of a cold start.
  const { request, Agent } = await (address.protocol === 'https:'
    ? import('node:https')
    : import('node:http'));
  return await new Promise((resolve, reject) => {
    let isConnected = false;
    request(
      address,
      {
        method,
        headers: {
          'user-agent': USER_AGENT,
          ...headers,
          ...(method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}),
        },
        agent: new Agent({ keepAlive: false, ...PROXY }),
        signal: abortAt(deadline),
      },
      resolve,
    )
      .on('socket', (socket) => {
        // Through a proxy the connection is made, and encrypted, before it is handed over.
        if ('secureConnecting' in socket && socket.secureConnecting === false) isConnected = true;
        socket.on(address.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          isConnected = true;
        });
      })
      .on('error', (error) => {
        const failure = noAnswer(error);
        reject(isConnected ? failure : new NotConnected(failure.message, failure.code));
      })
      .end(body);
  });
}

/** No connection was made, so nothing was sent. */
export class NotConnected extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Never throws: the status is known, so an answer that breaks off or never ends still counts. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      bytes += chunks.at(-1)?.length ?? 0;
      if (bytes >= BODY_BYTES) break;
    }
  } catch {
    // The part before the break can still be quoted.
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
}

/** Node's messages name the host, its codes do not: `ECONNREFUSED`, `ENOTFOUND`. */
function noAnswer(error: Error): Error & { readonly code: string } {
  const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
  const code = isLate ? 'ETIMEDOUT' : 'code' in error ? String(error.code) : error.name;
  return Object.assign(new Error(`no answer: ${isLate ? 'none in time' : code}`), { code });
}
