import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { RetainingBuffer } from './retaining-buffer.ts';

/** Puts ended spans that the sampler chose into a buffer that the function's own flush empties. */
export function bufferingSpanProcessor(buffer: RetainingBuffer<ReadableSpan>): SpanProcessor {
  return {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) buffer.add(span);
    },
    forceFlush: async () => void (await buffer.deliver()),
    shutdown: async () => void (await buffer.deliver()),
  };
}
