import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import type { Workplace } from '../machines/modelled/workplace.ts';
import { getJson, query, queryRange, type Range, type Series } from './prometheus-api.ts';

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
  /** The folder with the program. */
  readonly programs: string;
  /** A file of Prometheus' alerting rules. */
  readonly rules: string;
  /** Where the series are, and where `ALERTS` is written. */
  readonly database: string;
  readonly receiver: string;
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
  { programs, rules, database, receiver }: VmalertOptions,
): Promise<Vmalert> {
  const url = await startServer(workplace, path.join(programs, 'vmalert'), [
    `-rule=${rules}`,
    `-datasource.url=${database}`,
    `-remoteWrite.url=${database}`,
    `-notifier.url=${receiver}`,
    `-evaluationInterval=${EVALUATION_SECONDS}s`,
    // It would ask about the time 30 s ago, by when late samples have come.
    '-rule.evalDelay=0s',
    // Prometheus gives alerts no such label.
    '-disableAlertgroupLabel',
  ]);
  return {
    rules: async () => {
      const answer = await getJson(`${url}/api/v1/rules`);
      return rulesSchema.parse(answer).data.groups.flatMap((group) => group.rules);
    },
  };
}

const READY_SECONDS = 30;
const LOG_LINES = 50;

/** What lib/httpserver says once it listens, with the port that it got. */
const LISTENS = /started server at (http:\/\/127\.0\.0\.1:\d+)\//;

/**
 * Starts a server of VictoriaMetrics' making on a free port of the loopback interface, and resolves
 * with its URL. It ends with the workplace.
 */
async function startServer(
  workplace: Workplace,
  program: string,
  options: readonly string[],
): Promise<string> {
  const child = workplace.start([program, '-httpListenAddr=127.0.0.1:0', ...options], {
    cwd: workplace.directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.stderr === null) throw new Error(`starting ${program}: it has no log`);

  let log: readonly string[] = [];
  const lines = createInterface({ input: child.stderr });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    log = [...log, line].slice(-LOG_LINES);
    const url = LISTENS.exec(line)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(log.join('\n'))));
  const late = new Error(`it did not listen within ${READY_SECONDS} s`);
  const timer = setTimeout(reject, READY_SECONDS * 1000, late);
  try {
    return await promise;
  } catch (cause) {
    throw new Error(`starting ${program}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
