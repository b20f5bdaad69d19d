import path from 'node:path';
import type { Workplace } from '../machines/modelled/workplace.ts';
import { query, queryRange, type Range, type Series } from './prometheus-api.ts';
import { startServer } from './server.ts';

/** A single-node VictoriaMetrics that takes OTLP and answers PromQL. */
export interface VictoriaMetrics {
  readonly url: string;
  /** For `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`. */
  readonly otlpEndpoint: string;
  /** Makes all that was taken so far count in queries; by itself it does within some seconds. */
  settle(): Promise<void>;
  query(promql: string, at: Date): Promise<readonly Series[]>;
  queryRange(promql: string, range: Range): Promise<readonly Series[]>;
}

/** Prometheus' names: underscores for dots, and the unit behind the name. */
const NAMING = '-opentelemetry.usePrometheusNaming';

/** A sample counts from the moment that it is of, and every query is reckoned anew. */
const PROMPTNESS = ['-search.latencyOffset=0s', '-search.disableCache'] as const;

/** By itself it would take six tenths of the computer's memory. */
const MODESTY = '-memory.allowedBytes=128MiB';

const SETTLE_MILLISECONDS = 20_000;

export async function startVictoriaMetrics(
  workplace: Workplace,
  programs: string,
): Promise<VictoriaMetrics> {
  const url = await startServer(workplace, path.join(programs, 'victoria-metrics'), [
    `-storageDataPath=${path.join(workplace.directory, 'data')}`,
    NAMING,
    ...PROMPTNESS,
    MODESTY,
  ]);
  return {
    url,
    otlpEndpoint: `${url}/opentelemetry/v1/metrics`,
    settle: async () => {
      const signal = AbortSignal.timeout(SETTLE_MILLISECONDS);
      const { ok, status } = await fetch(`${url}/internal/force_flush`, { signal });
      if (!ok) throw new Error(`flushing VictoriaMetrics: status ${status}`);
    },
    query: (promql, at) => query(url, promql, at),
    queryRange: (promql, range) => queryRange(url, promql, range),
  };
}
