import {
  logs,
  metrics,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
} from '@opentelemetry/api';
import {
  type AttributeName,
  type EventSeverity,
  FAILED_SPAN_ATTRIBUTE,
  METRICS,
  type Point,
  type SpanAttributes,
  type SpanDefinition,
  type SpanName,
  type SpanOptions,
  SPANS,
  TELEMETRY_SCOPE,
  type TelemetryEvent,
} from '../../../shared/contract/telemetry.ts';
import type { Clock } from '../../deadline.ts';
import { errorText } from '../../error-text.ts';
import { errorTypeOf } from './error-type.ts';
import { reasonOf } from './export-result.ts';

/** Takes data that the contract's table allows, and hands it to the SDK. */
export interface Recorder {
  /** Sets gauges. Of two values of one gauge with the same attributes the later one counts. */
  record(points: readonly Point[]): void;
  /** Emits events, which carry the span they were emitted in. */
  emit(events: readonly TelemetryEvent[]): void;
  /**
   * Emits an event of that time, epoch milliseconds, unless this process has emitted it before. Returns
   * whether it did. `id` is the event's own.
   */
  emitOnce(id: string, at: number, event: TelemetryEvent): boolean;
  /**
   * Runs `body` within a span, a child of the one it is called in. A rejection marks the span as
   * failed and goes on to the caller; work that fails without one annotates its `error.type`.
   */
  span<S extends SpanName, T>(
    name: S,
    attributes: SpanAttributes<S>,
    body: (annotate: (more: SpanOptions<S>) => void) => Promise<T>,
  ): Promise<T>;
}

/** How many ids of emitted events a process remembers: the newest. */
const EMITTED_MAX = 2000;

type Value = string | number | boolean | readonly string[] | undefined;

/** Records through the API's global providers: without a started SDK, nothing is recorded. */
export function createRecorder(functionName: string, clock: Clock): Recorder {
  const meter = metrics.getMeter(TELEMETRY_SCOPE);
  const logger = logs.getLogger(TELEMETRY_SCOPE);
  const tracer = trace.getTracer(TELEMETRY_SCOPE);
  const gauges = new Map(
    Object.entries(METRICS).map(([name, { unit, description }]) => [
      name,
      meter.createGauge(name, { unit, description }),
    ]),
  );
  const emitted = new Set<string>();
  const emitAt = (
    timestamp: number,
    { event, severity, body, attributes }: TelemetryEvent,
  ): void => {
    logger.emit({
      eventName: event,
      timestamp,
      severityNumber: SEVERITY_NUMBERS[severity],
      body,
      attributes: sdkAttributes(attributes),
    });
  };
  return {
    record(points) {
      for (const { metric, value, attributes } of points) {
        gauges.get(metric)?.record(value, attributes);
      }
    },
    emit(events) {
      for (const event of events) emitAt(clock.now(), event);
    },
    emitOnce(id, at, event) {
      if (emitted.has(id)) return false;
      emitted.add(id);
      const [oldest] = emitted;
      if (emitted.size > EMITTED_MAX && oldest !== undefined) emitted.delete(oldest);
      emitAt(at, event);
      return true;
    },
    span(name, attributes, body) {
      const options = { kind: SPAN_KINDS[SPANS[name].kind], attributes: sdkAttributes(attributes) };
      const shown = name === 'function' ? functionName : name;
      return tracer.startActiveSpan(shown, options, async (span) => {
        try {
          return await body((more) => {
            span.setAttributes(sdkAttributes(more));
            if (more[FAILED_SPAN_ATTRIBUTE] === undefined) return;
            span.setStatus({ code: SpanStatusCode.ERROR });
          });
        } catch (error) {
          span.setAttribute(FAILED_SPAN_ATTRIBUTE, errorTypeOf(error));
          span.setStatus({ code: SpanStatusCode.ERROR, message: reasonOf(errorText(error)) });
          throw error;
        } finally {
          span.end();
        }
      });
    },
  };
}

const SEVERITY_NUMBERS: Readonly<Record<EventSeverity, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

const SPAN_KINDS: Readonly<Record<SpanDefinition['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
};

/** The SDK wants arrays that it could change, and no attribute that is undefined. */
function sdkAttributes(attributes: Readonly<Partial<Record<AttributeName, Value>>>): Attributes {
  const known: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) known[name] = typeof value === 'object' ? [...value] : value;
  }
  return known;
}
