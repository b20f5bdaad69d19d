import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { RequestLimits } from './vendor-limits.ts';
import { encodePartialSuccess, type Signal, SIGNALS } from './protos.ts';
import {
  decodeLogs,
  decodePoints,
  decodeSpans,
  type ReceivedLog,
  type ReceivedPoint,
  type ReceivedSpan,
} from './records.ts';

/** What the receiver says to the requests of a signal. */
export type Answer =
  | { readonly kind: 'accept' }
  /** 200, and a partial success that refuses so many of the records. */
  | { readonly kind: 'accept-partly'; readonly rejected: number; readonly why: string }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterSeconds?: number;
      /** What is written beside the status. */
      readonly body?: string | Uint8Array;
    }
  /** The request is read and never answered. */
  | { readonly kind: 'hang' };

interface ReceivedRequest extends ExportRequest {
  readonly answer: Answer;
}

/** An OTLP backend on 127.0.0.1 that speaks `http/protobuf`. */
export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** In the order in which they came, those not taken included; at most the newest 10,000. */
  requests(): readonly ReceivedRequest[];
  /** The records of requests that were taken, in the order in which these came. */
  points(): readonly ReceivedPoint[];
  logs(): readonly ReceivedLog[];
  spans(): readonly ReceivedSpan[];
  /** From now on one signal, or all of them, are answered so. */
  answer(answer: Answer, signal?: Signal): void;
  /** From now on requests of metrics that pass these limits are refused, whatever the answer is. */
  limit(limits: RequestLimits | undefined): void;
  /** Forgets what came. */
  clear(): void;
  /** Cuts all connections and stops listening: the kernel refuses connections, until `listen`. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: ReceivedRequest[] = [];
  const answers: Record<Signal, Answer> = { metrics: ACCEPT, logs: ACCEPT, traces: ACCEPT };
  let limits: RequestLimits | undefined;
  const server = createServer((request, response) => {
    void take(request, response);
  });
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A sender that hangs up in the middle has nothing more to say, and nobody to say it to.
    const read = await readExport(request).catch(() => undefined);
    if (read === undefined) return;
    if (read.kind === 'refused') {
      response.writeHead(read.status).end(read.why);
      return;
    }
    const answer = isWithin(read.request, limits)
      ? answers[read.request.signal]
      : refusalOf(limits);
    received.push({ ...read.request, answer });
    if (received.length > REQUESTS_MAX) received.shift();
    reply(response, read.request.signal, answer);
  };
  let port = 0;
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') ({ port } = address);
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  const taken = (): readonly ReceivedRequest[] => received.filter(({ answer }) => isTaken(answer));
  await listen();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests: () => [...received],
    points: () => taken().flatMap(({ points }) => points),
    logs: () => taken().flatMap(({ logs }) => logs),
    spans: () => taken().flatMap(({ spans }) => spans),
    answer(answer, signal) {
      for (const one of signal === undefined ? SIGNALS : [signal]) answers[one] = answer;
    },
    limit(more) {
      limits = more;
    },
    clear: () => void received.splice(0),
    refuse,
    listen,
    close: refuse,
  };
}

const ACCEPT: Answer = { kind: 'accept' };

const REQUESTS_MAX = 10_000;

function isTaken(answer: Answer): boolean {
  return answer.kind === 'accept' || answer.kind === 'accept-partly';
}

function isWithin(
  { signal, points, bodyBytes, rawBytes }: ExportRequest,
  limits: RequestLimits | undefined,
): boolean {
  if (limits === undefined || signal !== 'metrics') return true;
  return (
    points.length <= (limits.points ?? Number.POSITIVE_INFINITY) &&
    bodyBytes <= (limits.bodyBytes ?? Number.POSITIVE_INFINITY) &&
    rawBytes <= (limits.rawBytes ?? Number.POSITIVE_INFINITY)
  );
}

function refusalOf(limits: RequestLimits | undefined): Answer {
  const { status = 413, text } = limits?.refusal ?? {};
  return { kind: 'status', status, ...(text === undefined ? {} : { body: text }) };
}

function reply(response: ServerResponse, signal: Signal, answer: Answer): void {
  const protobuf = { 'content-type': 'application/x-protobuf' };
  switch (answer.kind) {
    case 'accept':
      // An answer without a message has no bytes.
      response.writeHead(200, protobuf).end();
      return;
    case 'accept-partly':
      response
        .writeHead(200, protobuf)
        .end(encodePartialSuccess(signal, answer.rejected, answer.why));
      return;
    case 'status':
      if (answer.retryAfterSeconds !== undefined) {
        response.setHeader('retry-after', answer.retryAfterSeconds);
      }
      response.writeHead(answer.status).end(answer.body);
      return;
    case 'hang':
      return;
  }
}

/** An export request that was read whole and understood. */
interface ExportRequest {
  readonly signal: Signal;
  readonly encoding: 'gzip' | 'identity';
  /** As they came over the network, compressed or not. */
  readonly bodyBytes: number;
  /** After decompression. */
  readonly rawBytes: number;
  readonly headers: IncomingMessage['headers'];
  readonly points: readonly ReceivedPoint[];
  readonly logs: readonly ReceivedLog[];
  readonly spans: readonly ReceivedSpan[];
}

/** Reads a request as OTLP/HTTP 1.10 has them; `status` is what one that is not so deserves. */
async function readExport(
  request: IncomingMessage,
): Promise<
  | { readonly kind: 'export'; readonly request: ExportRequest }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }
> {
  const signal = SIGNALS.find((one) => request.url === `/v1/${one}`);
  if (signal === undefined) return refused(404, 'no such path');
  if (request.method !== 'POST') return refused(405, 'not a POST');
  const { headers } = request;
  if (headers['content-type'] !== 'application/x-protobuf') return refused(415, 'not protobuf');
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity') return refused(415, 'unknown encoding');

  const sent = await readBody(request);
  if (sent === undefined) return refused(413, `more than ${BODY_BYTES_MAX} bytes`);
  try {
    const body = encoding === 'gzip' ? gunzipSync(sent, { maxOutputLength: BODY_BYTES_MAX }) : sent;
    return {
      kind: 'export',
      request: {
        signal,
        encoding,
        bodyBytes: sent.length,
        rawBytes: body.length,
        headers,
        points: signal === 'metrics' ? decodePoints(body) : [],
        logs: signal === 'logs' ? decodeLogs(body) : [],
        spans: signal === 'traces' ? decodeSpans(body) : [],
      },
    };
  } catch (error) {
    return refused(400, error instanceof Error ? error.message : 'not an export request');
  }
}

/** 100 nodes are 100 kB; 5,000 nodes are 5 MB. */
const BODY_BYTES_MAX = 33_554_432;

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    // The rest is read and dropped, so that the sender still reads the answer.
    if (bytes <= BODY_BYTES_MAX) chunks.push(piece);
  }
  return bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks) : undefined;
}

function refused(
  status: number,
  why: string,
): { readonly kind: 'refused'; readonly status: number; readonly why: string } {
  return { kind: 'refused', status, why };
}
