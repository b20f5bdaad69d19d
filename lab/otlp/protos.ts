import root from 'otlp-protos/build/src/generated/root.js';
import * as z from 'zod/mini';

export const SIGNALS = ['metrics', 'logs', 'traces'] as const;

export type Signal = (typeof SIGNALS)[number];

/**
 * Decodes the body of an export request with the official protos: the project's own JavaScript of
 * them, which `@opentelemetry/otlp-transformer` carried up to 0.214 (installed as `otlp-protos`,
 * of which nothing else is loaded). Numbers of 64 bits come as decimal text, enums as numbers.
 * Throws on what is not such a message.
 */
export function decodeRequest(signal: Signal, body: Uint8Array): unknown {
  const { request } = MESSAGES[signal];
  return request.toObject(request.decode(body), { longs: String });
}

/** The body of an answer that takes a request, but not all of its records. */
export function encodePartialSuccess(signal: Signal, rejected: number, why: string): Uint8Array {
  const { response, rejectedField } = MESSAGES[signal];
  const partialSuccess = { [rejectedField]: rejected, errorMessage: why };
  return response.encode({ partialSuccess }).finish();
}

interface Message {
  decode(bytes: Uint8Array): object;
  encode(fields: object): { finish(): Uint8Array };
  toObject(message: object, options: { readonly longs: typeof String }): unknown;
}

const messageSchema = z.custom<Message>(
  (value) => typeof value === 'function' && 'decode' in value,
);

const rootSchema = z.object({
  opentelemetry: z.object({
    proto: z.object({
      collector: z.object({
        metrics: z.object({
          v1: z.object({
            ExportMetricsServiceRequest: messageSchema,
            ExportMetricsServiceResponse: messageSchema,
          }),
        }),
        logs: z.object({
          v1: z.object({
            ExportLogsServiceRequest: messageSchema,
            ExportLogsServiceResponse: messageSchema,
          }),
        }),
        trace: z.object({
          v1: z.object({
            ExportTraceServiceRequest: messageSchema,
            ExportTraceServiceResponse: messageSchema,
          }),
        }),
      }),
    }),
  }),
});

const { metrics, logs, trace } = rootSchema.parse(root).opentelemetry.proto.collector;

const MESSAGES = {
  metrics: {
    request: metrics.v1.ExportMetricsServiceRequest,
    response: metrics.v1.ExportMetricsServiceResponse,
    rejectedField: 'rejectedDataPoints',
  },
  logs: {
    request: logs.v1.ExportLogsServiceRequest,
    response: logs.v1.ExportLogsServiceResponse,
    rejectedField: 'rejectedLogRecords',
  },
  traces: {
    request: trace.v1.ExportTraceServiceRequest,
    response: trace.v1.ExportTraceServiceResponse,
    rejectedField: 'rejectedSpans',
  },
} as const;
