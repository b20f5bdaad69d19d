import { diag, DiagConsoleLogger, DiagLogLevel } from '@opentelemetry/api';
import type { DiagLogFunction } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';
import * as z from 'zod/mini';
import type { Trouble } from './delivery.ts';
import { reasonOf } from './export-result.ts';
import { SIGNALS } from './signals.ts';
import type { Environment, Signal } from './signals.ts';

/** Records that a backend refused although it answered 200. */
export interface Rejections {
  /** Returns what came since the last call, and forgets it. */
  take(signal: Signal): { readonly records: number; readonly troubles: readonly Trouble[] };
}

/**
 * A backend may answer 200 and still refuse records: OTLP's partial success. The exporters treat that
 * as a success and report it only to the SDK's diagnostic log, so it is read there. Call this after
 * `new NodeSDK`, which sets a logger of its own. `OTEL_LOG_LEVEL` works as usual.
 */
export function collectRejections(environment: Environment): Rejections {
  const found: Record<Signal, Rejected[]> = { metrics: [], logs: [], traces: [] };
  const shown = diagLogLevelFromString(environment['OTEL_LOG_LEVEL']) ?? DiagLogLevel.NONE;
  const { error, warn, info, debug, verbose } = new DiagConsoleLogger();
  const from = (level: DiagLogLevel, log: DiagLogFunction): DiagLogFunction =>
    shown >= level ? log : () => {};
  const warnToo = from(DiagLogLevel.WARN, warn);
  diag.setLogger(
    {
      error: from(DiagLogLevel.ERROR, error),
      warn: (message, ...details) => {
        if (message === PARTIAL_SUCCESS) addRejected(found, details[0]);
        warnToo(message, ...details);
      },
      info: from(DiagLogLevel.INFO, info),
      debug: from(DiagLogLevel.DEBUG, debug),
      verbose: from(DiagLogLevel.VERBOSE, verbose),
    },
    { logLevel: Math.max(shown, DiagLogLevel.WARN), suppressOverrideMessage: true },
  );
  return {
    take(signal) {
      const taken = found[signal].splice(0);
      const reasons = new Set(taken.slice(0, REASONS_MAX).map(({ reason }) => reason));
      return {
        records: taken.reduce((sum, { records }) => sum + records, 0),
        troubles: [...reasons].map((reason) => ({ reason })),
      };
    },
  };
}

/** The message of `@opentelemetry/otlp-exporter-base` 0.301; JSON follows. */
const PARTIAL_SUCCESS = 'Received Partial Success response:';

const REASONS_MAX = 10;

interface Rejected {
  readonly records: number;
  readonly reason: string;
}

const partialSuccessSchema = z.object({
  rejectedDataPoints: z.optional(z.number()),
  rejectedLogRecords: z.optional(z.number()),
  rejectedSpans: z.optional(z.number()),
  errorMessage: z.optional(z.string()),
});

function addRejected(found: Record<Signal, Rejected[]>, json: unknown): void {
  const parsed = partialSuccessSchema.safeParse(JSON.parse(String(json)));
  if (!parsed.success) return;
  const { rejectedDataPoints, rejectedLogRecords, rejectedSpans, errorMessage } = parsed.data;
  const counts = { metrics: rejectedDataPoints, logs: rejectedLogRecords, traces: rejectedSpans };
  for (const signal of SIGNALS) {
    const records = counts[signal] ?? 0;
    if (records === 0) continue;
    const reason = reasonOf(`the backend refused ${records} records: ${errorMessage ?? ''}`);
    found[signal].push({ records, reason });
  }
}
