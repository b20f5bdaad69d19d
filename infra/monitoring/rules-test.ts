import { ALERT_NAMES, type AlertName, rulesOf, runbookSection } from './alerts.ts';
import { type Moment, type Series, storiesOf } from './alert-stories.ts';
import { type MonitoringOptions, promDuration } from './options.ts';
import type { Queries } from './queries.ts';
import { yamlOf } from './rules-files.ts';
import { labelOf, type Spelling } from './spelling.ts';

/** How often the rules are evaluated between two runs. */
const EVALUATIONS_PER_RUN = 5;

/** The alerts' stories as a test file for `promtool test rules`. `rules` is the path from it to the rules file. */
export function rulesTest(
  rules: string,
  { queries, options }: { readonly queries: Queries; readonly options: MonitoringOptions },
): string {
  const { scheduleSeconds } = options;
  const stories = storiesOf(options);
  const expected = (name: AlertName, { fires }: Moment) => {
    if (fires === undefined) return [];
    const [rule] = rulesOf(name, queries, options);
    if (rule === undefined) return [];
    const { severity, summary, description } = rule;
    const shown = (text: string): string => rendered(text, fires);
    return [
      {
        exp_labels: { severity, ...spelled(fires.attributes) },
        exp_annotations: {
          summary: shown(summary),
          description: shown(description),
          runbook_url: options.runbookBase + runbookSection(name),
        },
      },
    ];
  };
  return yamlOf({
    rule_files: [rules],
    evaluation_interval: promDuration(scheduleSeconds / EVALUATIONS_PER_RUN),
    tests: ALERT_NAMES.flatMap((name) =>
      stories[name].map(({ fact, valuesPerRun = 1, series, moments }) => ({
        name: `${name}: ${fact}`,
        interval: promDuration(scheduleSeconds / valuesPerRun),
        input_series: series.map((one) => ({
          series: selectorOf(one, queries.spelling),
          values: valuesOf(one),
        })),
        alert_rule_test: moments.map((moment) => ({
          eval_time: promDuration(Math.round(moment.run * scheduleSeconds * 1000) / 1000),
          alertname: name,
          exp_alerts: expected(name, moment),
        })),
      })),
    ),
  });
}

/** Renders the templates that the alerts use: labels by name, and the value. */
function rendered(template: string, { attributes, shown }: NonNullable<Moment['fires']>): string {
  const withLabels = Object.entries(spelled(attributes)).reduce(
    (text, [label, value]) => text.replaceAll(`{{ $labels.${label} }}`, value),
    template,
  );
  return withLabels.replaceAll(/\{\{ \$value[^}]*\}\}/g, shown);
}

function spelled(attributes: NonNullable<Moment['fires']>['attributes']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [labelOf(name), value]),
  );
}

function selectorOf({ metric, attributes, instance }: Series, spelling: Spelling): string {
  const selector = spelling.selector(metric, attributes);
  return instance === undefined ? selector : selector.replace('}', `,instance="${instance}"}`);
}

function valuesOf({ values }: Series): string {
  return values.map((value) => value ?? '_').join(' ');
}
