import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Bounds from above on what records are in protobuf: they cost less than to serialize the records twice. */

/** Tags and lengths of an attribute, and of each value in a list. */
const ATTRIBUTE_BYTES = 16;

/** Two times, severity, ids of trace and span, tags and lengths. */
const LOG_BYTES = 96;

/** Two times, three ids, kind, flags, counts, tags and lengths. */
const SPAN_BYTES = 128;

/** A time, or ids, with tags and lengths. */
const SPAN_PART_BYTES = 48;

export function bytesOfLog({
  body,
  eventName = '',
  severityText = '',
  attributes,
}: ReadableLogRecord): number {
  return (
    LOG_BYTES +
    bytesOfValue(body) +
    lengthOf(eventName) +
    lengthOf(severityText) +
    bytesOfAttributes(attributes)
  );
}

export function bytesOfSpan({ name, status, attributes, events, links }: ReadableSpan): number {
  const parts = [
    ...events.map((event) => lengthOf(event.name) + bytesOfAttributes(event.attributes ?? {})),
    ...links.map((link) => bytesOfAttributes(link.attributes ?? {})),
  ];
  return (
    SPAN_BYTES +
    lengthOf(name) +
    lengthOf(status.message ?? '') +
    bytesOfAttributes(attributes) +
    parts.reduce((sum, bytes) => sum + SPAN_PART_BYTES + bytes, 0)
  );
}

export function bytesOfAttributes(attributes: Readonly<Record<string, unknown>>): number {
  return Object.entries(attributes).reduce(
    (sum, [key, value]) => sum + ATTRIBUTE_BYTES + lengthOf(key) + bytesOfValue(value),
    0,
  );
}

function bytesOfValue(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, one) => sum + ATTRIBUTE_BYTES + bytesOfValue(one), 0);
  }
  if (typeof value === 'object' && value !== null) return bytesOfAttributes({ ...value });
  return lengthOf(String(value));
}

export function lengthOf(text: string): number {
  return Buffer.byteLength(text);
}
