import * as z from 'zod/mini';
import { attributesSchema, type Attributes } from './attributes.ts';
import { decodeRequest } from './protos.ts';
import {
  idSchema,
  nanosecondsSchema,
  resourceSchema,
  scopeSchema,
  senderOf,
  type Sender,
} from './sender.ts';

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
  const { resourceSpans } = requestSchema.parse(decodeRequest('traces', body));
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

const requestSchema = z.object({
  resourceSpans: z._default(
    z.array(
      z.object({
        resource: resourceSchema,
        scopeSpans: z._default(
          z.array(z.object({ scope: scopeSchema, spans: z._default(z.array(spanSchema), []) })),
          [],
        ),
      }),
    ),
    [],
  ),
});
