import * as z from 'zod/mini';
import {
  anyValueSchema,
  type Attributes,
  attributesSchema,
  type AttributeValue,
  decodeRequest,
  idSchema,
  nanosecondsSchema,
  resourceSchema,
  scopeSchema,
  type Sender,
  senderOf,
} from './protos.ts';

export interface ReceivedPoint extends Sender {
  readonly metric: string;
  readonly unit: string;
  readonly description: string;
  /** `none`: a kind of metric whose points are not one number. */
  readonly kind: 'gauge' | 'sum' | 'none';
  readonly value: number | undefined;
  readonly attributes: Attributes;
  readonly unixNanoseconds: bigint;
}

/** The data points of an `ExportMetricsServiceRequest`, in the order in which they stand there. */
export function decodePoints(body: Uint8Array): readonly ReceivedPoint[] {
  const { resourceMetrics } = metricsSchema.parse(decodeRequest('metrics', body));
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) => {
      const sender = senderOf(resource, scope);
      return metrics.flatMap((metric) => pointsOf(metric, sender));
    }),
  );
}

const dataSchema = z.object({
  dataPoints: list(
    z.object({
      asDouble: z.optional(z.number()),
      asInt: z.optional(z.string()),
      attributes: z.optional(attributesSchema),
      timeUnixNano: nanosecondsSchema,
    }),
  ),
});

const metricSchema = z.object({
  name: z.string(),
  unit: z.optional(z.string()),
  description: z.optional(z.string()),
  gauge: z.optional(dataSchema),
  sum: z.optional(dataSchema),
});

const metricsSchema = z.object({
  resourceMetrics: list(
    z.object({
      resource: resourceSchema,
      scopeMetrics: list(z.object({ scope: scopeSchema, metrics: list(metricSchema) })),
    }),
  ),
});

function pointsOf(metric: z.infer<typeof metricSchema>, sender: Sender): readonly ReceivedPoint[] {
  const named = {
    ...sender,
    metric: metric.name,
    unit: metric.unit ?? '',
    description: metric.description ?? '',
  };
  const data = metric.gauge ?? metric.sum;
  if (data === undefined) {
    return [{ ...named, kind: 'none', value: undefined, attributes: {}, unixNanoseconds: 0n }];
  }
  return data.dataPoints.map(({ asDouble, asInt, attributes, timeUnixNano }) => ({
    ...named,
    kind: metric.gauge === undefined ? 'sum' : 'gauge',
    value: asDouble ?? (asInt === undefined ? undefined : Number(asInt)),
    attributes: attributes ?? {},
    unixNanoseconds: timeUnixNano,
  }));
}

/** A log record; one with an event name is an event. Trace and span ids are hexadecimal. */
export interface ReceivedLog extends Sender {
  readonly event: string | undefined;
  readonly severityNumber: number;
  readonly severityText: string | undefined;
  readonly body: AttributeValue;
  readonly attributes: Attributes;
  readonly unixNanoseconds: bigint;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** The records of an `ExportLogsServiceRequest`, in the order in which they stand there. */
export function decodeLogs(body: Uint8Array): readonly ReceivedLog[] {
  const { resourceLogs } = logsSchema.parse(decodeRequest('logs', body));
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => ({
        ...senderOf(resource, scope),
        event: record.eventName,
        severityNumber: record.severityNumber,
        severityText: record.severityText,
        body: record.body,
        attributes: record.attributes ?? {},
        unixNanoseconds: record.timeUnixNano,
        traceId: record.traceId,
        spanId: record.spanId,
      })),
    ),
  );
}

const logRecordSchema = z.object({
  eventName: z.optional(z.string()),
  severityNumber: z._default(z.number(), 0),
  severityText: z.optional(z.string()),
  body: z.optional(anyValueSchema),
  attributes: z.optional(attributesSchema),
  timeUnixNano: nanosecondsSchema,
  traceId: idSchema,
  spanId: idSchema,
});

const logsSchema = z.object({
  resourceLogs: list(
    z.object({
      resource: resourceSchema,
      scopeLogs: list(z.object({ scope: scopeSchema, logRecords: list(logRecordSchema) })),
    }),
  ),
});

/** Ids are hexadecimal. */
export interface ReceivedSpan extends Sender {
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string | undefined;
}

/** The spans of an `ExportTraceServiceRequest`, in the order in which they stand there. */
export function decodeSpans(body: Uint8Array): readonly ReceivedSpan[] {
  const { resourceSpans } = tracesSchema.parse(decodeRequest('traces', body));
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        ...senderOf(resource, scope),
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        attributes: span.attributes ?? {},
        statusCode: span.status?.code ?? 0,
        statusMessage: span.status?.message,
      })),
    ),
  );
}

const spanSchema = z.object({
  name: z.string(),
  kind: z._default(z.number(), 0),
  traceId: idSchema,
  spanId: idSchema,
  parentSpanId: idSchema,
  attributes: z.optional(attributesSchema),
  status: z.optional(z.object({ code: z.optional(z.number()), message: z.optional(z.string()) })),
  startTimeUnixNano: nanosecondsSchema,
  endTimeUnixNano: nanosecondsSchema,
});

const tracesSchema = z.object({
  resourceSpans: list(
    z.object({
      resource: resourceSchema,
      scopeSpans: list(z.object({ scope: scopeSchema, spans: list(spanSchema) })),
    }),
  ),
});

/** A repeated field; one that was not sent is empty. */
function list<T extends z.ZodMiniType>(item: T): z.ZodMiniDefault<z.ZodMiniArray<T>> {
  return z._default(z.array(item), []);
}
