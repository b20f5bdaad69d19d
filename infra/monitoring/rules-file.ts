import { yamlOf } from './generated.ts';
import { ALERT_NAMES, alertsOf, runbookUrl } from './alerts.ts';
import { type MonitoringOptions, promDuration } from './options.ts';
import type { Queries } from './queries.ts';

/** A rules file as Prometheus, Mimir and vmalert load it. */
export function rulesFile(queries: Queries, options: MonitoringOptions): string {
  const alerts = alertsOf(queries, options);
  const rules = ALERT_NAMES.map((name) => {
    const { expr, forRuns = 0, severity, summary, description } = alerts[name];
    return {
      alert: name,
      expr,
      ...(forRuns > 0 ? { for: promDuration(forRuns * options.scheduleSeconds) } : {}),
      labels: { severity },
      annotations: { summary, description, runbook_url: runbookUrl(name, options) },
    };
  });
  return yamlOf({ groups: [{ name: 'vtepwatch', rules }] });
}
