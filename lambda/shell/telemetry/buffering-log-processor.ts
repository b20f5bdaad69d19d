import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { RetainingBuffer } from './retaining-buffer.ts';

/**
 * Puts log records into a buffer that is emptied by the function's own flush. The SDK's processors
 * answer a flush while an export is still under way, and swallow its failure.
 */
export function bufferingLogProcessor(
  buffer: RetainingBuffer<ReadableLogRecord>,
): LogRecordProcessor {
  return {
    onEmit: (record) => buffer.add(record),
    forceFlush: async () => void (await buffer.deliver()),
    shutdown: async () => void (await buffer.deliver()),
  };
}
