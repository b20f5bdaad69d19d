import { dashboardFile } from './dashboard.ts';
import { telemetryDocument } from './telemetry-document.ts';
import { DEFAULT_OPTIONS, type MonitoringOptions } from './options.ts';
import { queriesIn } from './queries.ts';
import { rulesFile } from './rules-file.ts';
import { rulesTest } from './rules-test.ts';
import { DOTTED, UNDERSCORES, UNITLESS } from './spelling.ts';

/** What one installation loads into its backend, by file name. */
export function monitoringFiles(options: MonitoringOptions): ReadonlyMap<string, string> {
  const queries = queriesIn(options.unitSuffixes ? UNDERSCORES : UNITLESS);
  const dotted = queriesIn(DOTTED);
  const rules = 'prometheus-rules.yaml';
  return new Map([
    [rules, rulesFile(queries, options)],
    ['prometheus-rules.test.yaml', rulesTest(rules, { queries, options })],
    ['prometheus-rules-dotted.yaml', rulesFile(dotted, options)],
    ['dashboard.json', dashboardFile('vtepwatch', { queries, options })],
    ['dashboard-dotted.json', dashboardFile('vtepwatch-dotted', { queries: dotted, options })],
  ]);
}

/** Everything that is committed, by its path in the checkout. */
export function committedFiles(): ReadonlyMap<string, string> {
  const monitoring = [...monitoringFiles(DEFAULT_OPTIONS)].map(
    ([name, text]) => [`infra/monitoring/${name}`, text] as const,
  );
  return new Map([...monitoring, ['docs/telemetry.md', telemetryDocument()]]);
}
