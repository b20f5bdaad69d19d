import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decodeLogs, type ReceivedLog } from './logs.ts';
import { decodePoints, type ReceivedPoint } from './points.ts';
import { SIGNALS, type Signal } from './protos.ts';
import { decodeSpans, type ReceivedSpan } from './spans.ts';

/** An export request that was read whole and understood. */
export interface ExportRequest {
  readonly signal: Signal;
  readonly encoding: 'gzip' | 'identity';
  /** As they came over the network, compressed or not. */
  readonly bodyBytes: number;
  readonly headers: IncomingMessage['headers'];
  readonly points: readonly ReceivedPoint[];
  readonly logs: readonly ReceivedLog[];
  readonly spans: readonly ReceivedSpan[];
}

/** Reads a request as OTLP/HTTP 1.10 has them; `status` is what one that is not so deserves. */
export async function readExport(
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
