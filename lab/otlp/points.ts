import * as z from 'zod/mini';
import { attributesSchema, type Attributes } from './attributes.ts';
import { decodeRequest } from './protos.ts';
import { nanosecondsSchema, resourceSchema, scopeSchema, senderOf, type Sender } from './sender.ts';

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
  const { resourceMetrics } = requestSchema.parse(decodeRequest('metrics', body));
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) => {
      const sender = senderOf(resource, scope);
      return metrics.flatMap((metric) => pointsOf(metric, sender));
    }),
  );
}

const dataSchema = z.object({
  dataPoints: z._default(
    z.array(
      z.object({
        asDouble: z.optional(z.number()),
        asInt: z.optional(z.string()),
        attributes: z.optional(attributesSchema),
        timeUnixNano: nanosecondsSchema,
      }),
    ),
    [],
  ),
});

const metricSchema = z.object({
  name: z.string(),
  unit: z.optional(z.string()),
  description: z.optional(z.string()),
  gauge: z.optional(dataSchema),
  sum: z.optional(dataSchema),
});

const requestSchema = z.object({
  resourceMetrics: z._default(
    z.array(
      z.object({
        resource: resourceSchema,
        scopeMetrics: z._default(
          z.array(z.object({ scope: scopeSchema, metrics: z._default(z.array(metricSchema), []) })),
          [],
        ),
      }),
    ),
    [],
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
