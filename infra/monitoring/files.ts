import type { MonitoringOptions } from './options.ts';
import { queriesIn } from './queries.ts';
import { rulesFile } from './rules-file.ts';
import { rulesTest } from './rules-test.ts';
import { DOTTED, UNDERSCORES } from './spelling.ts';

/** What one installation loads into its backend, by file name. */
export function monitoringFiles(options: MonitoringOptions): ReadonlyMap<string, string> {
  const queries = queriesIn(UNDERSCORES);
  const dotted = queriesIn(DOTTED);
  const rules = 'prometheus-rules.yaml';
  return new Map([
    [rules, rulesFile(queries, options)],
    ['prometheus-rules.test.yaml', rulesTest(rules, { queries, options })],
    ['prometheus-rules-dotted.yaml', rulesFile(dotted, options)],
  ]);
}
