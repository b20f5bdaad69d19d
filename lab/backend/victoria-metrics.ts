import path from 'node:path';
import * as z from 'zod/mini';
import type { Workplace } from '../machines/modelled/workplace.ts';
import { type DebianPackage, programIn } from './debian-package.ts';
import { getJson, query, queryRange, type Range, type Series } from './prometheus-api.ts';
import { startServer } from './server.ts';

/** The first in Debian to take OTLP. */
export const VICTORIA_METRICS: DebianPackage = {
  name: 'victoria-metrics',
  suite: 'trixie',
  programs: ['victoria-metrics', 'vmalert'],
};

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

/** How it names metrics: with underscores for dots and the unit behind the name, or as they are sent. */
export type Naming = 'prometheus' | 'dots';

const NAMING: Readonly<Record<Naming, readonly string[]>> = {
  prometheus: ['-opentelemetry.usePrometheusNaming'],
  dots: [],
};

/** A sample counts from the moment that it is of, and every query is reckoned anew. */
const PROMPTNESS = ['-search.latencyOffset=0s', '-search.disableCache'] as const;

/** By itself it would take six tenths of the computer's memory. */
const MODESTY = '-memory.allowedBytes=128MiB';

const SETTLE_MILLISECONDS = 20_000;

/** What both programs say once they listen, with the port that they got. */
const LISTENS = /started server at http:\/\/(127\.0\.0\.1:\d+)\//;

const FREE_PORT = '-httpListenAddr=127.0.0.1:0';

/** `root` is that of the unpacked package. It ends with the workplace. */
export async function startVictoriaMetrics(
  workplace: Workplace,
  { root, naming }: { readonly root: string; readonly naming: Naming },
): Promise<VictoriaMetrics> {
  const command = [
    programIn(root, 'victoria-metrics'),
    FREE_PORT,
    `-storageDataPath=${path.join(workplace.directory, 'data')}`,
    ...NAMING[naming],
    ...PROMPTNESS,
    MODESTY,
  ];
  const url = await startServer(workplace, command, LISTENS);
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

/** vmalert, which asks a database by Prometheus' rules, and tells whom Alertmanager would be. */
export interface Vmalert {
  rules(): Promise<readonly EvaluatedRule[]>;
}

/** A rule after its latest evaluation. */
interface EvaluatedRule {
  readonly alert: string;
  /** Undefined where it was not evaluated yet. */
  readonly evaluatedAt: Date | undefined;
  /** What went wrong; empty where nothing did. */
  readonly error: string;
}

interface VmalertOptions {
  /** Of the unpacked package. */
  readonly root: string;
  /** A file of Prometheus' alerting rules. */
  readonly rules: string;
  /** Where the series are, and where `ALERTS` is written. */
  readonly database: string;
  /** Every Alertmanager, or who takes its place. */
  readonly receivers: readonly string[];
}

/** How often the rules are evaluated that do not say it themselves. */
const EVALUATION_SECONDS = 1;

const ruleSchema = z.pipe(
  z.object({ name: z.string(), lastError: z.string(), lastEvaluation: z.string() }),
  z.transform(({ name, lastError, lastEvaluation }): EvaluatedRule => {
    const evaluated = new Date(lastEvaluation);
    // Go's zero time, of the year 1, is before 1970.
    return {
      alert: name,
      evaluatedAt: evaluated.getTime() > 0 ? evaluated : undefined,
      error: lastError,
    };
  }),
);

const rulesSchema = z.object({
  data: z.object({ groups: z.array(z.object({ rules: z.array(ruleSchema) })) }),
});

/** Ends with the workplace. */
export async function startVmalert(
  workplace: Workplace,
  { root, rules, database, receivers }: VmalertOptions,
): Promise<Vmalert> {
  const command = [
    programIn(root, 'vmalert'),
    FREE_PORT,
    `-rule=${rules}`,
    `-datasource.url=${database}`,
    `-remoteWrite.url=${database}`,
    ...receivers.map((receiver) => `-notifier.url=${receiver}`),
    `-evaluationInterval=${EVALUATION_SECONDS}s`,
    // It would ask about the time 30 s ago, by when late samples have come.
    '-rule.evalDelay=0s',
    // Prometheus gives alerts no such label.
    '-disableAlertgroupLabel',
  ];
  const url = await startServer(workplace, command, LISTENS);
  return {
    rules: async () => {
      const answer = await getJson(`${url}/api/v1/rules`);
      return rulesSchema.parse(answer).data.groups.flatMap((group) => group.rules);
    },
  };
}
