import { diag, DiagConsoleLogger, DiagLogLevel } from '@opentelemetry/api';
import type { DiagLogFunction } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';
import * as z from 'zod/mini';
import { reasonOf } from './export-result.ts';
import { SIGNALS } from './signals.ts';
import type { Environment, Signal } from './signals.ts';

/** What a backend took and threw away. */
export interface Rejections {
  /** Gives the reasons that were heard since the last call, and forgets them. */
  take(signal: Signal): readonly string[];
}

/**
 * A backend may answer 200 and still refuse records: OTLP's partial success. The exporters call that
 * a success and tell only the SDK's diagnostic log, so that is where it is heard. To be called after
 * `NodeSDK` was made, which sets a logger of its own; `OTEL_LOG_LEVEL` works as ever.
 */
export function hearRejections(environment: Environment): Rejections {
  const heard: Record<Signal, string[]> = { metrics: [], logs: [], traces: [] };
  const shown = diagLogLevelFromString(environment['OTEL_LOG_LEVEL']) ?? DiagLogLevel.NONE;
  const { error, warn, info, debug, verbose } = new DiagConsoleLogger();
  const from = (level: DiagLogLevel, log: DiagLogFunction): DiagLogFunction =>
    shown >= level ? log : () => {};
  const warnToo = from(DiagLogLevel.WARN, warn);
  diag.setLogger(
    {
      error: from(DiagLogLevel.ERROR, error),
      warn: (message, ...details) => {
        if (message === PARTIAL_SUCCESS) listen(heard, details[0]);
        warnToo(message, ...details);
      },
      info: from(DiagLogLevel.INFO, info),
      debug: from(DiagLogLevel.DEBUG, debug),
      verbose: from(DiagLogLevel.VERBOSE, verbose),
    },
    { logLevel: Math.max(shown, DiagLogLevel.WARN), suppressOverrideMessage: true },
  );
  return { take: (signal) => heard[signal].splice(0) };
}

/** The words with which `@opentelemetry/otlp-exporter-base` 0.301 tells of it; JSON follows. */
const PARTIAL_SUCCESS = 'Received Partial Success response:';

const REASONS_MAX = 10;

const partialSuccessSchema = z.object({
  rejectedDataPoints: z.optional(z.number()),
  rejectedLogRecords: z.optional(z.number()),
  rejectedSpans: z.optional(z.number()),
  errorMessage: z.optional(z.string()),
});

function listen(heard: Record<Signal, string[]>, json: unknown): void {
  const parsed = partialSuccessSchema.safeParse(JSON.parse(String(json)));
  if (!parsed.success) return;
  const { rejectedDataPoints, rejectedLogRecords, rejectedSpans, errorMessage } = parsed.data;
  const counts = { metrics: rejectedDataPoints, logs: rejectedLogRecords, traces: rejectedSpans };
  for (const signal of SIGNALS) {
    const count = counts[signal] ?? 0;
    if (count === 0 || heard[signal].length >= REASONS_MAX) continue;
    heard[signal].push(reasonOf(`the backend refused ${count} records: ${errorMessage ?? ''}`));
  }
}
