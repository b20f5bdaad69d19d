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

export type AttributeValue =
  | string
  | number
  | boolean
  | undefined
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** `common.v1.AnyValue`, as plain data. Bytes are not used by the sender and come as undefined. */
export const anyValueSchema: z.ZodMiniType<AttributeValue> = z.lazy(() =>
  z.pipe(
    z.object({
      stringValue: z.optional(z.string()),
      boolValue: z.optional(z.boolean()),
      intValue: z.optional(z.string()),
      doubleValue: z.optional(z.number()),
      arrayValue: z.optional(z.object({ values: z.optional(z.array(anyValueSchema)) })),
      kvlistValue: z.optional(z.object({ values: z.optional(attributesSchema) })),
    }),
    z.transform(
      ({
        stringValue,
        boolValue,
        intValue,
        doubleValue,
        arrayValue,
        kvlistValue,
      }): AttributeValue =>
        stringValue ??
        boolValue ??
        doubleValue ??
        (intValue === undefined ? undefined : Number(intValue)) ??
        (arrayValue === undefined ? undefined : (arrayValue.values ?? [])) ??
        (kvlistValue === undefined ? undefined : (kvlistValue.values ?? {})),
    ),
  ),
);

/** A list of `common.v1.KeyValue`, as one object. */
export const attributesSchema: z.ZodMiniType<Attributes> = z.pipe(
  z.array(z.object({ key: z.string(), value: z.optional(anyValueSchema) })),
  z.transform((pairs): Attributes =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, value])),
  ),
);

/** Who sent a record. */
export interface Sender {
  readonly resource: Attributes;
  /** Name of the instrumentation scope. */
  readonly scope: string;
}

export const resourceSchema = z.optional(z.object({ attributes: z.optional(attributesSchema) }));

export const scopeSchema = z.optional(z.object({ name: z.optional(z.string()) }));

/** Decimal text, as 64-bit numbers are decoded; a field that was not sent is 0. */
export const nanosecondsSchema = z.pipe(
  z.optional(z.string()),
  z.transform((text) => BigInt(text ?? 0)),
);

/** Trace and span ids, as lower-case hexadecimal; one that was not sent is undefined. */
export const idSchema = z.pipe(
  z.optional(z.instanceof(Uint8Array)),
  z.transform((id) => (id === undefined ? undefined : Buffer.from(id).toString('hex'))),
);

export function senderOf(
  resource: z.infer<typeof resourceSchema>,
  scope: z.infer<typeof scopeSchema>,
): Sender {
  return { resource: resource?.attributes ?? {}, scope: scope?.name ?? '' };
}
