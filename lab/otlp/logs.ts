import * as z from 'zod/mini';
import {
  anyValueSchema,
  attributesSchema,
  type Attributes,
  type AttributeValue,
} from './attributes.ts';
import { decodeRequest } from './protos.ts';
import {
  idSchema,
  nanosecondsSchema,
  resourceSchema,
  scopeSchema,
  senderOf,
  type Sender,
} from './sender.ts';

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
  const { resourceLogs } = requestSchema.parse(decodeRequest('logs', body));
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

const requestSchema = z.object({
  resourceLogs: z._default(
    z.array(
      z.object({
        resource: resourceSchema,
        scopeLogs: z._default(
          z.array(
            z.object({ scope: scopeSchema, logRecords: z._default(z.array(logRecordSchema), []) }),
          ),
          [],
        ),
      }),
    ),
    [],
  ),
});
