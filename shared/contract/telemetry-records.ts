import type {
  ATTRIBUTES,
  AttributeDefinition,
  AttributeName,
  MetricName,
  METRICS,
} from './telemetry.ts';
import type { EventName, EVENTS, EventSeverity } from './telemetry-events.ts';
import type { SpanName, SPANS } from './telemetry-spans.ts';

/** One value of one metric. The type holds the metric's own attributes, all of them. */
export type Point = { readonly [M in MetricName]: PointOf<M> }[MetricName];

/** One event; `body` is one sentence for people, everything a program needs is an attribute. */
export type TelemetryEvent = { readonly [E in EventName]: EventOf<E> }[EventName];

export type SpanAttributes<S extends SpanName> = Every<(typeof SPANS)[S]['attributes'][number]> &
  Some<(typeof SPANS)[S]['optional'][number]>;

/** What may still be said of a span once its work is under way. */
export type SpanOptions<S extends SpanName> = Some<(typeof SPANS)[S]['optional'][number]>;

interface PointOf<M extends MetricName> {
  readonly metric: M;
  readonly value: number;
  readonly attributes: Every<(typeof METRICS)[M]['attributes'][number]>;
}

interface EventOf<E extends EventName> {
  readonly event: E;
  readonly severity: EventSeverity;
  readonly body: string;
  readonly attributes: Every<(typeof EVENTS)[E]['attributes'][number]> &
    Some<(typeof EVENTS)[E]['optional'][number]>;
}

type Every<A extends AttributeName> = { readonly [K in A]: AttributeValue<K> };
type Some<A extends AttributeName> = { readonly [K in A]?: AttributeValue<K> | undefined };

type AttributeValue<A extends AttributeName> = (typeof ATTRIBUTES)[A] extends {
  readonly type: infer T;
  readonly values: readonly (infer V)[];
}
  ? T extends 'string[]'
    ? readonly V[]
    : V
  : AttributeTypes[(typeof ATTRIBUTES)[A]['type']];

interface AttributeTypes extends Record<AttributeDefinition['type'], unknown> {
  readonly string: string;
  readonly boolean: boolean;
  readonly int: number;
  readonly double: number;
  readonly 'string[]': readonly string[];
}
