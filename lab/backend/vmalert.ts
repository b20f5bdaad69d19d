import path from 'node:path';
import * as z from 'zod/mini';
import type { Workplace } from '../machines/modelled/workplace.ts';
import { getJson } from './prometheus-api.ts';
import { startServer } from './server.ts';

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
