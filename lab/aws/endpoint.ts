import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate, ServiceError } from './gate.ts';

/** One service of the lab's AWS, on a free port of the loopback interface. */
export interface Endpoint {
  /** For the SDK's `AWS_ENDPOINT_URL_…`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ServiceReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What is a service's own: how it names operations, answers them, and writes its errors. */
export interface Service {
  operation(request: ServiceRequest): string;
  /** The operation's input, as the call log shows it. */
  input(request: ServiceRequest): unknown;
  answer(request: ServiceRequest): Promise<ServiceReply>;
  refuse(error: ServiceError): ServiceReply;
  readonly throttled: ServiceError;
}

/** DynamoDB's limit for a request; the other services' limits are below it. */
const REQUEST_LIMIT_BYTES = 16 * 1024 * 1024;

const KEEP_ALIVE_MS = 60_000;

export async function listen(service: Service, gate: Gate): Promise<Endpoint> {
  const server = createServer((incoming, response) => {
    handle({ service, gate, incoming, response }).catch((cause: unknown) => {
      // The caller's SDK shows this text; a dropped connection would look like an injected fault.
      const message = cause instanceof Error ? cause.message : String(cause);
      send(response, service.refuse({ type: 'InternalServerError', message, status: 500 }));
    });
  });
  // Node's five seconds end a connection just when a busy test uses it again.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The lab has no port on 127.0.0.1.');
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly service: Service;
  readonly gate: Gate;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function handle({ service, gate, incoming, response }: Exchange): Promise<void> {
  const request = await read(incoming);
  if (request === undefined) {
    response.destroy();
    return;
  }
  const outcome = await exchange(service, gate, request);
  switch (outcome.kind) {
    case 'replied':
      send(response, outcome.reply);
      break;
    case 'dropped':
      response.destroy();
      break;
    case 'stalled':
      break;
  }
}

type Outcome =
  | { readonly kind: 'replied'; readonly reply: ServiceReply }
  /** The connection ends without an answer. */
  | { readonly kind: 'dropped' }
  /** Nothing comes as long as the caller waits. */
  | { readonly kind: 'stalled' };

/** What becomes of one request, whether it came through a socket or not. */
export async function exchange(
  service: Service,
  gate: Gate,
  request: ServiceRequest,
): Promise<Outcome> {
  const verdict = gate.admit(service.operation(request), service.input(request));
  switch (verdict.kind) {
    case 'admitted':
      return replied(await service.answer(request));
    case 'throttled':
      return replied(service.refuse(service.throttled));
    case 'refused':
      return replied(service.refuse(verdict.error));
    case 'garbled':
      return replied({ status: verdict.status, headers: {}, body: verdict.body });
    case 'dropped-before':
      return { kind: 'dropped' };
    case 'dropped-after':
      await service.answer(request);
      return { kind: 'dropped' };
    case 'stalled':
      return { kind: 'stalled' };
  }
}

function replied(reply: ServiceReply): Outcome {
  return { kind: 'replied', reply };
}

/** `undefined` when the caller left or sent more than the limit. */
async function read(incoming: IncomingMessage): Promise<ServiceRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      if (!Buffer.isBuffer(chunk)) return undefined;
      bytes += chunk.length;
      if (bytes > REQUEST_LIMIT_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: Buffer.concat(chunks),
  };
}

function send(response: ServerResponse, reply: ServiceReply): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(reply.status, {
    ...reply.headers,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}
